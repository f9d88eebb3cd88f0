"""Each corruption on pictures whose damage can be worked out by other means."""

import io
import math
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage, stats
from torch import Tensor

from tombola.data.corruptions._base import Corruption, to_bytes
from tombola.data.corruptions._edges import Edge, folded, padded
from tombola.data.corruptions._ice import TEXTURES, ice
from tombola.data.corruptions._motion import smeared
from tombola.data.corruptions._plasma import plasma
from tombola.data.corruptions._smoothing import gaussian, smoothed
from tombola.data.corruptions._streams import streams
from tombola.data.corruptions._zooming import zoomed
from tombola.data.corruptions.defocus_blur import convolved, disk
from tombola.data.corruptions.elastic import affine_places, sampled
from tombola.data.corruptions.glass_blur import copied_from
from tombola.data.corruptions.shot_noise import counted
from tombola.data.corruptions.zoom_blur import factors

from .natural import pictures


def corrupted(name: str, x: Tensor, severity: int) -> Tensor:
    return Corruption.parse(name).corrupt(x, severity)


def flat(*colour: int, size: int = 32, count: int = 1) -> Tensor:
    return torch.tensor(colour, dtype=torch.uint8).view(1, 3, 1, 1).expand(count, 3, size, size).contiguous()


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_brightness_raises_the_value_and_keeps_hue_and_saturation() -> None:
    # V = 100/255 rises by 0.1 to 125.5/255: all channels grow in the same ratio
    assert corrupted("brightness", flat(100, 50, 20), 2)[0, :, 0, 0].tolist() == [126, 63, 25]
    assert corrupted("brightness", flat(0, 0, 0), 1)[0, :, 0, 0].tolist() == [13, 13, 13]
    assert corrupted("brightness", flat(255, 30, 0), 5)[0, :, 0, 0].tolist() == [255, 30, 0]
    assert corrupted("brightness", flat(0, 0, 0, size=224), 5)[0, :, 0, 0].tolist() == [128, 128, 128]


def test_contrast_leaves_a_share_of_the_distance_to_the_mean_of_each_channel() -> None:
    halves = flat(0, 100, 40)
    halves[..., 16:] = torch.tensor([200, 100, 60], dtype=torch.uint8).view(3, 1, 1)
    found = corrupted("contrast", halves, 2)  # one half
    assert found[0, :, 0, 0].tolist() == [50, 100, 45]
    assert found[0, :, 0, 31].tolist() == [150, 100, 55]


@pytest.mark.parametrize(("size", "severity", "side"), [(32, 5, 20), (64, 5, 32), (224, 2, 112), (224, 5, 56)])
def test_pixelate_leaves_so_many_squares(size: int, severity: int, side: int) -> None:
    found = corrupted("pixelate", pictures(1, size), severity)[0]
    assert 1 + int((found.int().diff(dim=2) != 0).any(0).any(0).sum()) == side
    if size % side == 0:
        block = size // side
        means = torch.nn.functional.avg_pool2d(pictures(1, size).double(), block)
        assert (found[:, ::block, ::block] - means[0]).abs().max() <= 1  # Pillow rounds after either direction


def test_jpeg_is_pillows_at_the_published_quality() -> None:
    x = pictures(2, 64)
    stream = io.BytesIO()
    Image.fromarray(x[1].permute(1, 2, 0).numpy()).save(stream, "JPEG", quality=25)
    assert np.array_equal(corrupted("jpeg", x, 5)[1].permute(1, 2, 0).numpy(), np.asarray(Image.open(stream)))


def test_gaussian_noise_has_its_deviation() -> None:
    found = corrupted("gaussian_noise", flat(128, 128, 128, count=40), 5).double()
    assert float(found.std()) / 255 == pytest.approx(0.10, rel=0.01)
    assert float(found.mean()) == pytest.approx(128, abs=0.3)


def test_impulse_noise_loses_its_share_half_to_black_and_never_gives_it_back() -> None:
    found = [corrupted("impulse_noise", flat(128, 128, 128, count=40), severity) for severity in range(1, 6)]
    black, white = (float((found[4] == value).double().mean()) for value in (0, 255))
    assert black == pytest.approx(0.035, rel=0.05)
    assert white == pytest.approx(0.035, rel=0.05)
    assert set(found[0].flatten().tolist()) == {0, 128, 255}
    for milder, harder in pairwise(found):
        assert bool((harder[milder != 128] == milder[milder != 128]).all())


@pytest.mark.parametrize("rate", [3, 60, 500])
def test_counts_are_poissons_quantiles(rate: int) -> None:
    levels = torch.randint(0, 256, (400,), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    chance = noise(400) * 0.999
    quantiles = stats.poisson.ppf(chance.numpy(), levels.numpy() / 255 * rate)
    expected = np.where(levels.numpy() == 0, 0, quantiles)
    assert np.array_equal(counted(levels, rate, chance).numpy(), expected)


def test_shot_noise_leaves_black_alone_and_grows_with_brightness() -> None:
    assert bool((corrupted("shot_noise", flat(0, 0, 0), 5) == 0).all())
    found = corrupted("shot_noise", flat(20, 80, 180, count=40), 5).double() / 255
    variance = found.var(dim=(0, 2, 3)).tolist()
    assert variance == pytest.approx([level / 255 / 50 for level in (20, 80, 180)], rel=0.05)


EDGES: list[tuple[Edge, Literal["nearest", "reflect", "mirror"]]] = [
    ("clamp", "nearest"),
    ("mirror", "reflect"),
    ("mirror_centres", "mirror"),
]


@pytest.mark.parametrize(("edge", "mode"), EDGES)
@pytest.mark.parametrize("sigma", [0.4, 1.5, 9.0])
def test_smoothing_is_scipys(edge: Edge, mode: Literal["nearest", "reflect", "mirror"], sigma: float) -> None:
    x = noise(2, 3, 14, 14)
    found = smoothed(x, sigma, edge=edge, truncate=4)
    expected = ndimage.gaussian_filter(x.numpy(), sigma=(0, 0, sigma, sigma), mode=mode, truncate=4)
    assert np.allclose(found.numpy(), expected, atol=1e-12)
    assert torch.equal(smoothed(x, 0.1, edge="clamp", truncate=4), x)


def test_places_outside_fold_back() -> None:
    outside = torch.arange(-5, 9)
    assert folded(outside, 3, "clamp").tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2]
    assert folded(outside, 3, "mirror").tolist() == [1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2]
    assert folded(outside, 3, "mirror_centres").tolist() == [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0]
    assert padded(torch.arange(4).view(2, 2), 1, "mirror").tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
    ]


@pytest.mark.parametrize("factor", [1.0, 1.06, 1.26, 1.75, 4.5])
@pytest.mark.parametrize("size", [11, 32])
def test_zooming_is_scipys_enlargement_of_the_middle(size: int, factor: float) -> None:
    x = noise(size, size)
    cut = math.ceil(size / factor)
    top = (size - cut) // 2
    large = ndimage.zoom(x.numpy()[top : top + cut, top : top + cut], factor, order=1)
    off = (len(large) - size) // 2
    assert np.allclose(zoomed(x[None], factor)[0].numpy(), large[off : off + size, off : off + size], atol=1e-12)


def test_the_factors_are_those_of_the_published_ranges() -> None:
    for most, step in [
        (1.06, 0.01),
        (1.11, 0.01),
        (1.16, 0.01),
        (1.21, 0.01),
        (1.26, 0.01),
        (1.21, 0.02),
        (1.31, 0.03),
    ]:
        assert factors(most, step) == pytest.approx(np.arange(1, most, step).tolist())


@pytest.mark.parametrize("setting", [(0.3, 0.4), (1.5, 0.1), (10, 0.5)])
def test_defocus_is_a_convolution_with_a_disk(setting: tuple[float, float]) -> None:
    kernel = disk(*setting)
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-3)
    assert torch.allclose(kernel, kernel.T)
    x = noise(26, 26)
    found = convolved(padded(x, len(kernel) // 2, "mirror_centres"), kernel)
    assert np.allclose(found.numpy(), ndimage.convolve(x.numpy(), kernel.numpy(), mode="mirror"), atol=1e-12)


def test_the_disk_of_radius_one_is_a_cross() -> None:
    inner = disk(1, 0.01)[1:4, 1:4]
    assert torch.allclose(inner * 5, torch.tensor([[0, 1, 0], [1, 1, 1], [0, 1, 0]]).double())


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_glass_copies_as_a_loop_over_pixels_does(shift: int) -> None:
    size = 17
    moves = torch.randint(-shift, shift, (3, 2, size, size), generator=torch.Generator().manual_seed(shift))
    found = copied_from(moves, shift)
    for image, expected in zip(moves.tolist(), found.tolist(), strict=True):
        grid = [[size * row + column for column in range(size)] for row in range(size)]
        for row in range(size - shift, shift, -1):
            for column in range(size - shift, shift, -1):
                grid[row][column] = grid[row + image[0][row][column]][column + image[1][row][column]]
        assert grid == expected


def test_motion_smears_a_point_along_its_angle_with_half_a_gaussian() -> None:
    x = torch.zeros(2, 1, 21, 21, dtype=torch.float64)
    x[:, :, 10, 10] = 1
    level, steep = smeared(x, 2, 1.5, torch.tensor([0.0, 90.0]))
    weights = gaussian(1.5, 4)[4:]
    weights = weights / weights.sum()
    assert torch.allclose(level[0, 10, 6:11].flip(0), weights)
    assert torch.allclose(steep[0, 6:11, 10].flip(0), weights)
    assert float(level.sum()) == float(steep.sum()) == pytest.approx(1)
    diagonal = smeared(x[:1], 2, 1.5, torch.tensor([45.0]))[0, 0]
    assert bool((diagonal.nonzero()[:, 0] == diagonal.nonzero()[:, 1]).all())


def test_an_affine_map_brings_the_three_points_where_they_are_to_be() -> None:
    moves = noise(4, 3, 2) * 3
    places = affine_places(moves, 31)
    points = 15 + 10 * torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]], dtype=torch.float64)
    for image, map_of in enumerate(places):
        # The map is linear: the image's place of the target, between grid points, is the point itself.
        target = (points + moves[image]).numpy().T[::-1]
        for axis in (0, 1):
            found = ndimage.map_coordinates(map_of[..., axis].numpy(), target, order=1)
            assert found == pytest.approx(points[:, axis].numpy(), abs=1e-9)
    assert torch.allclose(affine_places(torch.zeros(1, 3, 2).double(), 31)[0, 4, 7], torch.tensor([7.0, 4.0]).double())


@pytest.mark.parametrize(("centres", "mode"), [(True, "mirror"), (False, "reflect")])
def test_sampling_is_scipys(centres: bool, mode: Literal["mirror", "reflect"]) -> None:
    x, places = noise(1, 1, 12, 12), 20 * noise(1, 12, 12, 2) - 4
    expected = ndimage.map_coordinates(x[0, 0].numpy(), places[0].permute(2, 0, 1).numpy()[::-1], order=1, mode=mode)
    assert np.allclose(sampled(x, places, mirror_centres=centres)[0, 0].numpy(), expected, atol=1e-12)


def test_fog_keeps_the_brightest_value_at_most_and_pales_the_darkest() -> None:
    x = pictures(4, 32)
    found = corrupted("fog", x, 4)
    assert bool((found.amax((1, 2, 3)) <= x.amax((1, 2, 3)) + 1).all())
    black = corrupted("fog", flat(0, 0, 0), 5)
    assert int(black.max()) == 0, "the scale is that of a black image"


@pytest.mark.parametrize("decay", [1.4, 3.0])
def test_plasma_spans_its_range_and_is_smoother_with_more_decay(decay: float) -> None:
    clouds = plasma(streams(0, "test", range(8)), 50, decay)
    assert clouds.shape == (8, 50, 50)
    assert 0 <= float(clouds.min()) <= float(clouds.max()) <= 1
    rough = plasma(streams(0, "test", range(8)), 64, 1.1).diff(dim=2).abs().mean()
    assert float(clouds.diff(dim=2).abs().mean()) < float(rough)
    whole = plasma(streams(0, "test", range(8)), 64, decay)
    assert bool((whole.amin((1, 2)) == 0).all())
    assert bool((whole.amax((1, 2)) == 1).all())


def test_snow_and_frost_add_light_to_black() -> None:
    for name in ("snow", "frost"):
        found = corrupted(name, flat(0, 0, 0, count=8), 3)
        assert float(found.double().mean()) > 5
        assert int(found.amax()) > 60


def test_the_ice_is_five_textures_that_differ_and_stay() -> None:
    textures = torch.stack([ice(which, 96) for which in range(TEXTURES)]).double() / 255
    assert textures.shape == (5, 3, 96, 96)
    assert 0.3 < float(textures.mean()) < 0.6
    assert bool((textures.flatten(1).std(1) > 0.12).all())
    pairs = torch.corrcoef(textures.mean(1).flatten(1)) - torch.eye(5)
    assert float(pairs.abs().max()) < 0.5
    ice.cache_clear()
    assert torch.equal((ice(2, 96).double() / 255), textures[2])


def test_bytes_round_halves_up_and_cut_what_is_outside() -> None:
    x = torch.tensor([-0.1, 0.5 / 255 - 1e-15, 0.4999 / 255, 17 / 255, 1.2], dtype=torch.float64)
    assert to_bytes(x).tolist() == [0, 1, 0, 17, 255]
