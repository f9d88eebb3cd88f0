"""Decoding: every kind of file comes out upright, RGB, square and of the right brightness."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._decode import decode, decode_all, find_broken
from tombola.data._pictures import BROKEN


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def test_an_image_of_the_right_size_is_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    for size in (None, 8):
        assert np.array_equal(decode(encoded(Image.fromarray(pixels)), size).permute(1, 2, 0).numpy(), pixels)


def test_the_short_side_is_resized_and_the_centre_kept() -> None:
    pixels = np.zeros((10, 40, 3), np.uint8)
    pixels[:, 15:25] = 255
    assert int(decode(encoded(Image.fromarray(pixels)), 10).min()) == 255
    assert decode(encoded(Image.fromarray(pixels)), None).shape == (3, 10, 40)
    assert decode(encoded(Image.fromarray(pixels)), 23).shape == (3, 23, 23)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "RGB", "CMYK"])
def test_modes_become_rgb(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    picture = Image.new("RGB", (6, 6), "white").convert("L" if mode == "LA" else "RGB").convert(mode)
    found = decode(encoded(picture, kind), 6)
    assert found.shape == (3, 6, 6)
    assert int(found.min()) > 250


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 257 * 100], [257 * 200, 65535]], np.uint16)
    found = decode(encoded(Image.fromarray(values)), None)
    assert found[0].tolist() == [[0, 100], [200, 255]]
    assert torch.equal(found[0], found[2])


def test_transparent_parts_lie_over_white() -> None:
    picture = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert int(decode(encoded(picture), 4).min()) == 255
    palette = Image.new("P", (4, 4), 3)
    palette.putpalette(list(range(256)) * 3)
    assert int(decode(encoded(palette, transparency=bytes([255, 255, 255, 0])), 4).min()) == 255


def test_exif_orientation_turns_the_image() -> None:
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16] = 255  # bright on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: the left becomes the top
    found = decode(encoded(Image.fromarray(pixels), "JPEG", exif=exif.tobytes()), None)
    assert found.shape == (3, 32, 16)
    assert float(found[:, :14].float().mean()) > 240
    assert float(found[:, 18:].float().mean()) < 15


def test_large_jpegs_keep_their_quality() -> None:
    place = np.linspace(0, 1, 512)
    wave = (127 + 120 * np.sin(12 * place)[:, None] * np.cos(9 * place)).astype(np.uint8)
    picture = Image.fromarray(wave).convert("RGB")
    reduced = decode(encoded(picture, "JPEG", quality=95), 32).float()
    assert float((reduced - decode(encoded(picture), 32).float()).abs().mean()) < 2


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="8 or 16 bits"):
        decode(encoded(Image.new("F", (4, 4)), "TIFF"), 4)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_every_cut_is_broken_or_whole_never_another_error(kind: str) -> None:
    whole = encoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)), kind)
    for length in range(0, len(whole) - 64, max(1, len(whole) // 40)):
        try:
            found = decode(whole[:length], 8)
        except BROKEN:
            continue
        assert found.shape == (3, 8, 8)


def test_many_at_once_name_the_broken_ones(tmp_path: Path) -> None:
    good = encoded(Image.new("RGB", (5, 5), (1, 2, 3)))
    path = tmp_path / "a.png"
    path.write_bytes(good)
    pixels, broken = decode_all([good, b"", path, good[:40], tmp_path / "missing.png"], 5, workers=2)
    assert list(broken) == [1, 3, 4]
    assert "not an image" in broken[1]
    assert pixels[:, :, 2, 2].tolist() == [[1, 2, 3], [0, 0, 0], [1, 2, 3], [0, 0, 0], [0, 0, 0]]
    assert list(find_broken([good, b""], workers=1)) == [1]
