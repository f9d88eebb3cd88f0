"""The same numbers as pytorch-ood's and torchmetrics', where they are installed (``pip install tombola[check]``)."""

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

from tombola.properties._calibration import expected_error
from tombola.properties.ood_auroc import detection
from tombola.properties.ood_scores._base import Known, OODScore

pytestmark = pytest.mark.slow


def library(name: str) -> Any:
    """The module, or the test is skipped; what it warns of while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def drawn(*shape: int, seed: int) -> Tensor:
    """Numbers of a normal distribution."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


KNOWN, UNKNOWN = 3 * drawn(700, 10, seed=0), 2 * drawn(500, 10, seed=1)
LABELS = torch.arange(900) % 10
TRAIN = drawn(900, 20, seed=2) + drawn(10, 20, seed=3)[LABELS]
FEATURES = torch.cat([drawn(700, 20, seed=4) + drawn(10, 20, seed=3)[torch.arange(700) % 10], drawn(500, 20, seed=5)])


@pytest.mark.parametrize("decimals", [1, 9])
def test_metrics_are_pytorch_oods(decimals: int) -> None:
    metrics = library("pytorch_ood.metrics")
    known, unknown = KNOWN[:, 0].round(decimals=decimals) + 1, UNKNOWN[:, 0].round(decimals=decimals)
    scores, labels = -torch.cat([known, unknown]), torch.cat([torch.zeros(700), -torch.ones(500)]).long()
    theirs = metrics.OODMetrics()
    theirs.update(scores, labels)
    expected, found = theirs.compute(), detection(known, unknown)
    assert found["ood_auroc"] == pytest.approx(float(expected["AUROC"]), abs=1e-6)
    # theirs goes straight from point to point of the curve (trapezoids), ours in steps, as scikit-learn's
    assert found["aupr_in"] == pytest.approx(float(expected["AUPR-IN"]), abs=1e-2)
    assert found["aupr_out"] == pytest.approx(float(expected["AUPR-OUT"]), abs=1e-2)
    assert found["fpr_id_at_95tpr_ood"] == pytest.approx(float(expected["FPR95TPR"]), abs=1e-6)


def never() -> Known:
    """Scores of outputs do not look at the training split."""
    raise AssertionError


def test_scores_of_logits_are_pytorch_oods() -> None:
    detector = library("pytorch_ood.detector")
    logits = torch.cat([KNOWN, UNKNOWN])
    for temperature in (1.0, 10.0):
        found = OODScore.parse(f"energy:{temperature}").scores(logits, never)
        assert torch.allclose(-found, detector.EnergyBased.score(logits, t=temperature))
    assert torch.allclose(-OODScore.parse("max_logit").scores(logits, never), detector.MaxLogit.score(logits))
    assert torch.allclose(-OODScore.parse("msp").scores(logits, never).exp(), detector.MaxSoftmax.score(logits))


def test_scores_of_features_are_pytorch_oods() -> None:
    detector = library("pytorch_ood.detector")
    known = Known(TRAIN, LABELS)
    neighbours = detector.KNN(None, k=50).fit_features(TRAIN, LABELS)
    found = OODScore.parse("knn").scores(FEATURES, lambda: known)
    assert torch.allclose(-found, neighbours.predict_features(FEATURES))
    distance = detector.Mahalanobis(None).fit_features(TRAIN.float(), LABELS).predict_features(FEATURES.float())
    found = OODScore.parse("mahalanobis").scores(FEATURES, lambda: known)
    # theirs is half the distance, and its covariance a sum over the images
    assert torch.allclose(-found, 2 * len(TRAIN) * distance.double(), rtol=1e-3)


@pytest.mark.parametrize("bins", [10, 15])
def test_ece_is_torchmetrics(bins: int) -> None:
    calibration_error = library("torchmetrics.functional.classification").multiclass_calibration_error
    probabilities, labels = KNOWN.softmax(1), torch.arange(700) % 10
    confidence, answer = probabilities.max(1)
    expected = calibration_error(probabilities, labels, num_classes=10, n_bins=bins)
    assert expected_error(confidence, answer == labels, bins) == pytest.approx(float(expected), abs=1e-6)
