"""The programs of a folder: built by make and by CMake, run on pictures."""

import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.native.small import SIZE, folder, logits

from tombola.data._pictures import pixels_of
from tombola.native.targets import vector as vector_of

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folder, to build in."""
    out = tmp_path / "net"
    shutil.copytree(folder(), out, ignore=shutil.ignore_patterns("build"))
    return out


def said(command: list[str], where: Path) -> str:
    """What a program prints."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ppm(path: Path, pixels: torch.Tensor, comment: str = "") -> None:
    """An image (3, H, W) of bytes as a PPM file."""
    _, height, width = pixels.shape
    path.write_bytes(f"P6\n{comment}{width} {height}\n255\n".encode() + pixels.permute(1, 2, 0).numpy().tobytes())


def pictures(where: Path) -> torch.Tensor:
    """Three pictures of the net's own size in a folder, and something else."""
    where.mkdir()
    pixels = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for number, picture in enumerate(pixels):
        ppm(where / f"{number}.ppm", picture, "# a comment\n" if number else "")
    (where / "notes.txt").write_text("no picture")
    return pixels


def test_make_builds_an_example_and_a_classifier_that_agree_with_torch(copy: Path) -> None:
    pixels = pictures(copy / "pictures")
    said(["make", "CFLAGS=-Og"], copy)
    assert said(["./example"], copy).startswith(f"class {int(logits(torch.full((1, *SIZE), 0.5)).argmax())}, logit")
    names = ["zero", "one " * 100, "two", "three"]
    (copy / "labels.txt").write_text("\n".join(names))
    lines = said(["./classify", "pictures", "2", "2"], copy).splitlines()
    expected = logits(pixels.float() / 255)
    found = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
    assert set(found) == {"0.ppm", "1.ppm", "2.ppm"}
    for number, row in enumerate(expected):
        name, logit = found[f"{number}.ppm"]
        assert name == names[int(row.argmax())][:255], "a long name is cut off, and the others are as they were"
        assert float(logit) == pytest.approx(float(row.max()), abs=2e-4)


@pytest.mark.slow
def test_a_larger_picture_is_averaged_and_cut_in_the_middle(copy: Path) -> None:
    pixels = torch.randint(0, 256, SIZE, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    large = pixels.repeat_interleave(3, 1).repeat_interleave(3, 2)
    wide = torch.nn.functional.pad(large.float(), (6, 6)).byte()  # black bars left and right, which are cut away
    (copy / "pictures").mkdir()
    ppm(copy / "pictures" / "wide.ppm", wide)
    said(["make", "CFLAGS=-Og", "THREADS=0", "classify"], copy)
    _, name, logit = said(["./classify", "pictures"], copy).strip().split("\t")
    expected = logits(pixels.float()[None] / 255)
    assert int(name) == int(expected.argmax())
    assert float(logit) == pytest.approx(float(expected.max()), abs=2e-4)


@pytest.mark.slow
def test_broken_pictures_and_numbers_are_told(copy: Path) -> None:
    (copy / "pictures").mkdir()
    (copy / "pictures" / "short.ppm").write_bytes(b"P6 10 12 255\n123")
    (copy / "pictures" / "huge.ppm").write_bytes(b"P6 99999999 99999999 255\n")
    said(["make", "CFLAGS=-Og", "classify"], copy)
    done = subprocess.run(["./classify", "pictures"], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr.count("no PPM of kind P6") == 2
    for arguments, code, words in (
        (["pictures", "0"], 2, "threads not from 1 to 64"),
        (["nowhere"], 1, "cannot open the folder nowhere"),
        (["pictures", "1", "1", "classify.c"], 1, "not the net.dat"),
    ):
        done = subprocess.run(["./classify", *arguments], cwd=copy, capture_output=True, text=True, check=False)
        assert (done.returncode, words in done.stderr) == (code, True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
def test_cmake_builds_the_same(copy: Path) -> None:
    said(["cmake", "-B", "made", "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror", "."], copy)
    said(["cmake", "--build", "made"], copy)
    assert said(["made/example", "net.dat"], copy).startswith("class ")


@cache
def lacking() -> str:
    """Which library of pictures there is not to build with; nothing where both are there."""
    for library, header in (("jpeg", "jpeglib.h"), ("png", "png.h")):
        program = f"#include <stdio.h>\n#include <{header}>\nint main(void) {{ return 0; }}\n"
        command = ["cc", "-x", "c", "-", f"-l{library}", "-o", "/dev/null"]
        if subprocess.run(command, input=program, text=True, capture_output=True, check=False).returncode:
            return f"needs lib{library} and its header"
    return ""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose classifier reads JPEG and PNG too; not to be changed."""
    if lacking():
        pytest.skip(lacking())
    out = tmp_path_factory.mktemp("reader") / "net"
    shutil.copytree(folder(), out, ignore=shutil.ignore_patterns("build"))
    said(["make", "CFLAGS=-Og", "THREADS=0", "JPEG=1", "PNG=1", "classify"], out)
    return out


def photo(channels: int = 3) -> Image.Image:
    """A picture of the net's size, smooth as photographs are; with four channels some of it is transparent."""
    corners = np.random.default_rng(channels).integers(0, 256, (4, 3, channels), dtype=np.uint8)
    return Image.fromarray(corners).resize((SIZE[2], SIZE[1]), Image.Resampling.BICUBIC)


def assert_answers(text: str, where: Path, names: set[str]) -> None:
    """Every picture is answered as torch answers what `tombola predict` reads there; decoders may differ by a level."""
    found = {line.split("\t")[0]: line.split("\t")[1:] for line in text.splitlines()}
    assert set(found) == names
    for name, (label, logit) in found.items():
        row = logits(torch.from_numpy(pixels_of(where / name, None)).float()[None] / 255)[0]
        assert (name, int(label)) == (name, int(row.argmax()))
        assert float(logit) == pytest.approx(float(row.max()), abs=0.02), name


@pytest.mark.slow
def test_jpeg_and_png_are_read_as_predict_reads_them(reader: Path, tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, SIZE[1:]).astype(np.uint16)
    photo().save(tmp_path / "color.jpeg", quality=90)
    photo().convert("L").save(tmp_path / "gray.jpg")
    photo().convert("CMYK").save(tmp_path / "inks.jpg")
    photo().save(tmp_path / "LOUD.JPG")
    photo().save(tmp_path / "a jpeg in truth.png", format="JPEG")
    photo().save(tmp_path / "color.PNG")
    photo(4).save(tmp_path / "transparent.png")
    photo().quantize(7).save(tmp_path / "palette.png")
    photo().quantize(7).save(tmp_path / "hole.png", transparency=2)
    photo().convert("1").save(tmp_path / "bits.png")
    Image.fromarray(deep).save(tmp_path / "deep.png")
    photo().save(tmp_path / "as ever.ppm")
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 12
    (tmp_path / "notes.txt").write_text("no picture")
    assert_answers(said([str(reader / "classify"), str(tmp_path), "1", "5"], reader), tmp_path, names)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_turned_photos_are_set_upright(kind: str, reader: Path, tmp_path: Path) -> None:
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = turn
        picture = photo() if turn < 5 else photo().transpose(Image.Transpose.ROTATE_90)  # the camera was held upright
        picture.save(tmp_path / f"{turn}.{kind}", exif=exif)
    assert pixels_of(tmp_path / f"6.{kind}", None).shape == SIZE
    names = {f"{turn}.{kind}" for turn in range(1, 9)}
    assert_answers(said([str(reader / "classify"), str(tmp_path)], reader), tmp_path, names)


@pytest.mark.slow
def test_jpeg_and_png_that_are_broken_are_told_and_the_others_answered(reader: Path, tmp_path: Path) -> None:
    for name in ("whole.jpg", "whole.png"):
        photo().save(tmp_path / name)
    jpeg, png = (tmp_path / "whole.jpg").read_bytes(), (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(jpeg[: len(jpeg) - 20])
    (tmp_path / "head.jpg").write_bytes(jpeg[:40])
    (tmp_path / "cut.png").write_bytes(png[: len(png) // 2])
    size = jpeg.index(b"\xff\xc0") + 5
    (tmp_path / "huge.jpg").write_bytes(jpeg[:size] + b"\xff\xdc\xff\xdc" + jpeg[size + 4 :])
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    command = [str(reader / "classify"), str(tmp_path)]
    done = subprocess.run(command, cwd=reader, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert_answers(done.stdout, tmp_path, {"whole.jpg", "whole.png"})
    told = dict(line.removeprefix(f"{tmp_path}/").split(": ", 1) for line in done.stderr.splitlines())
    assert set(told) == {"cut.jpg", "head.jpg", "cut.png", "huge.jpg", "page.jpg"}
    assert told["cut.jpg"] == told["head.jpg"] == "no JPEG that can be read: Premature end of JPEG file"
    assert told["cut.png"].startswith("no PNG that can be read: ")
    assert told["huge.jpg"] == "more than 64,000,000 pixels; save it smaller"
    assert told["page.jpg"] == "no PPM, no JPEG and no PNG"


@pytest.mark.slow
def test_a_classifier_built_without_says_how_to_build_it_and_is_built_anew(copy: Path) -> None:
    where = copy / "pictures"
    where.mkdir()
    for name in ("a.jpg", "b.PNG", "c.ppm"):
        photo().save(where / name)
    said(["make", "CFLAGS=-Og", "classify"], copy)
    done = subprocess.run(["./classify", "pictures"], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert_answers(done.stdout, where, {"c.ppm"})
    first, second = sorted(done.stderr.splitlines())
    assert first.startswith("pictures/a.jpg: a JPEG, ")
    assert "`make JPEG=1`" in first
    assert second.startswith("pictures/b.PNG: a PNG, ")
    assert "`make PNG=1`" in second
    if lacking():
        pytest.skip(lacking())
    said(["make", "CFLAGS=-Og", "PNG=1"], copy)
    done = subprocess.run(["./classify", "pictures"], cwd=copy, capture_output=True, text=True, check=False)
    assert_answers(done.stdout, where, {"b.PNG", "c.ppm"})
    assert done.stderr.splitlines() == [first]
    said(["make", "CFLAGS=-Og", "JPEG=1", "PNG=1"], copy)
    assert_answers(said(["./classify", "pictures"], copy), where, {"a.jpg", "b.PNG", "c.ppm"})


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
def test_cmake_looks_for_the_libraries_itself(copy: Path) -> None:
    if lacking():
        pytest.skip(lacking())
    where = copy / "pictures"
    where.mkdir()
    for name in ("a.jpg", "b.png", "c.ppm"):
        photo().save(where / name)
    said(["cmake", "-B", "made", "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror", "."], copy)
    said(["cmake", "--build", "made"], copy)
    assert_answers(said(["made/classify", "pictures"], copy), where, {"a.jpg", "b.png", "c.ppm"})
    said(["cmake", "-B", "made", "-DNET_JPEG=OFF", "."], copy)
    said(["cmake", "--build", "made"], copy)
    assert_answers(said(["made/classify", "pictures"], copy), where, {"b.png", "c.ppm"})


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("qemu-x86_64") is None, reason="needs qemu-user")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="an x86-64 processor is emulated")
def test_a_processor_without_the_vectors_gets_a_message_instead_of_a_signal(copy: Path) -> None:
    said(["make", "CFLAGS=-O3 -static", "ARCH=-march=x86-64-v4", "example"], copy)
    command = ["qemu-x86_64", "-cpu", "qemu64", "./example"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "lacks the vector instructions" in done.stderr


@pytest.mark.skipif(platform.machine() != "x86_64", reason="versions are of x86-64 processors")
def test_one_program_holds_several_versions_and_calls_one(copy: Path) -> None:
    expected = said(["make", "CFLAGS=-Og", "ARCH=-march=x86-64-v2", "example"], copy) and said(["./example"], copy)
    said(["make", "clean"], copy)
    said(["make", "CFLAGS=-Og", "ANY=1", "VERSIONS=sse any", "example"], copy)
    assert said(["./example"], copy).split(";")[0] == expected.split(";")[0]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("qemu-x86_64") is None, reason="needs qemu-user")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="an x86-64 processor is emulated")
def test_it_runs_on_old_processors_and_here_with_all_there_is(copy: Path) -> None:
    vector = "int main(void) { return net_vector() * (net_arena(1, 1) > 0); }\n"
    (copy / "example.c").write_text('#include "net.h"\n' + vector)
    said(["make", "CFLAGS=-O1 -static", "ANY=1", "example"], copy)

    def floats(*emulator: str) -> int:
        return subprocess.run([*emulator, "./example"], cwd=copy, check=False).returncode

    assert floats("qemu-x86_64", "-cpu", "qemu64") == 4
    assert floats("qemu-x86_64", "-cpu", "Nehalem") == 4
    assert floats() == vector_of("native")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("qemu-aarch64") is None, reason="needs qemu-user")
@pytest.mark.skipif(shutil.which("aarch64-linux-gnu-gcc") is None, reason="needs a compiler for Arm")
def test_an_arm_without_products_of_bytes_gets_a_message_instead_of_a_signal(copy: Path) -> None:
    build = ["make", "CC=aarch64-linux-gnu-gcc", "CFLAGS=-O1 -static", "ARCH=-march=armv8.2-a+dotprod", "example"]
    said(build, copy)
    old, new = (
        subprocess.run(
            ["qemu-aarch64", "-cpu", cpu, "./example"], cwd=copy, capture_output=True, text=True, check=False
        )
        for cpu in ("cortex-a72", "max")
    )
    assert (old.returncode, new.returncode) == (1, 0)
    assert "lacks the vector instructions" in old.stderr


def test_the_logits_of_the_tests_differ() -> None:
    row = logits(torch.full((1, *SIZE), 0.5))[0]
    assert np.ptp(row.numpy()) > 1e-3
