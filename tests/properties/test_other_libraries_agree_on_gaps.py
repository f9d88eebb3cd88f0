"""The same Fréchet distances as torch-fidelity's and torchmetrics', and the same bounds as scipy's exact intervals."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tombola.models import inception
from tombola.models.inception import fid_body, fid_inception
from tombola.properties._frechet import Moments, frechet_distance
from tombola.properties._smoothing import lower_bound

pytestmark = pytest.mark.slow


def library(name: str) -> Any:
    """The module, or the test is skipped; what it warns of while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def features(count: int, dim: int, seed: int) -> Tensor:
    """Vectors as a network's features are: none below zero, related, some loud and many quiet."""
    drawn = torch.Generator().manual_seed(seed)
    loud = torch.logspace(0, -3, dim, dtype=torch.float64)
    mix = torch.randn(dim, dim, generator=drawn, dtype=torch.float64) / dim**0.5
    rows = (torch.randn(count, dim, generator=drawn, dtype=torch.float64) * loud) @ mix + 0.1 * (seed + 1)
    return torch.relu(rows)


def ours(one: Tensor, other: Tensor) -> float:
    """Summed in batches."""
    found = [Moments.of(rows[:0]) for rows in (one, other)]
    for place, rows in enumerate((one, other)):
        for part in torch.split(rows, 100):
            found[place] = found[place] + Moments.of(part)
    return frechet_distance(*found)


@pytest.mark.parametrize(("counts", "dim"), [((900, 1500), 64), ((3000, 2500), 512), ((300, 200), 512)])
def test_distances_are_torch_fidelitys(counts: tuple[int, int], dim: int) -> None:
    metric_fid = library("torch_fidelity.metric_fid")
    one, other = features(counts[0], dim, 0), features(counts[1], dim, 1)
    statistics = [metric_fid.fid_features_to_statistics(rows) for rows in (one, other)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]  # noqa: FBT003
    assert ours(one, other) == pytest.approx(expected, rel=1e-3 if min(counts) < dim else 1e-6)


def test_distances_are_torchmetrics() -> None:
    fid = library("torchmetrics.image.fid")

    class Rows(nn.Module):
        """An image is its features."""

        num_features = 48

        def forward(self, images: Tensor) -> Tensor:
            return images.flatten(1)

    one, other = features(700, 48, 0), features(500, 48, 1)
    metric = fid.FrechetInceptionDistance(feature=Rows()).set_dtype(torch.float64)
    for part in torch.split(one, 100):
        metric.update(part.view(-1, 3, 4, 4), real=True)
    for part in torch.split(other, 100):
        metric.update(part.view(-1, 3, 4, 4), real=False)
    assert ours(one, other) == pytest.approx(float(metric.compute()), rel=1e-6)


def test_inceptions_features_are_torch_fidelitys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the same random weights: pooling, the last block, batch norm's epsilon, what enters the head."""
    theirs = library("torch_fidelity.feature_extractor_inceptionv3")
    torch.manual_seed(0)
    body = fid_body()
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):  # else nothing of the depth reaches the end
            nn.init.uniform_(module.weight, 1, 3)
            nn.init.normal_(module.bias, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.1, 1)  # type: ignore[arg-type]  # this one has statistics
    file = tmp_path / "weights.pth"
    torch.save({name: t for name, t in body.state_dict().items() if "num_batches" not in name}, file)
    monkeypatch.setattr(inception, "DIGEST", "")
    extractor = theirs.FeatureExtractorInceptionV3("x", ["2048"], feature_extractor_weights_path=str(file))
    pixels = torch.randint(0, 256, (2, 3, 299, 299), dtype=torch.uint8)
    with torch.no_grad():
        (expected,) = extractor(pixels)
        # theirs takes 128, of 255, as zero; ours the middle
        found = fid_inception(file).features(((pixels.float() - 128) / 128 + 1) / 2)
    assert expected.std() > 0.01
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_bounds_are_scipys_exact_intervals() -> None:
    from scipy.stats import binomtest

    for n in (12, 100, 1000, 100_000):
        for count in sorted({1, n // 2, n // 2 + 1, 9 * n // 10, n - 1, n}):
            for alpha in (0.001, 0.05):
                # the lower end of a two-sided interval that leaves 2 alpha out leaves alpha out below
                interval = binomtest(count, n).proportion_ci(confidence_level=1 - 2 * alpha, method="exact")
                assert lower_bound(count, n, alpha) == pytest.approx(interval.low, rel=1e-9)
