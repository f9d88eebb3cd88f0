"""Areas under curves and FPR95 against scikit-learn, against counting pairs, and on numbers that can be read by eye."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor

from tombola.properties._detection import auroc, average_precision, false_positive_rate
from tombola.properties.ood_auroc import detection

SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=25).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)
"""Few levels, so that most are tied."""


def both(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """Labels and scores as scikit-learn takes them."""
    labels = torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))])
    return labels, torch.cat([positive, negative])


@settings(deadline=None)
@given(SCORES, SCORES)
def test_areas_are_scikit_learns_with_ties(positive: Tensor, negative: Tensor) -> None:
    labels, scores = both(positive, negative)
    assert auroc(positive, negative) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(positive, negative) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


@settings(deadline=None)
@given(SCORES, SCORES)
def test_auroc_is_the_share_of_pairs_in_order_ties_counting_half(positive: Tensor, negative: Tensor) -> None:
    pairs = positive[:, None] - negative[None]
    assert auroc(positive, negative) == pytest.approx(float(((pairs.sign() + 1) / 2).mean()), abs=1e-12)
    assert auroc(positive, negative) + auroc(negative, positive) == pytest.approx(1, abs=1e-12)


@settings(deadline=None)
@given(SCORES, SCORES, st.sampled_from([0.5, 0.95, 1.0]))
def test_false_positives_are_those_of_the_best_threshold(positive: Tensor, negative: Tensor, recall: float) -> None:
    good = [t for t in positive.tolist() if float((positive >= t).double().mean()) >= recall]
    expected = float((negative >= max(good)).double().mean())
    assert false_positive_rate(positive, negative, recall=recall) == pytest.approx(expected)


@settings(deadline=None)
@given(SCORES, SCORES, st.integers(0, 99))
def test_nothing_depends_on_the_order_of_rows_or_on_the_scale(known: Tensor, unknown: Tensor, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    mixed = known[torch.randperm(len(known), generator=generator)]
    assert detection(mixed, unknown.flip(0)) == detection(known, unknown)
    assert detection((known / 3).exp(), (unknown / 3).exp()) == detection(known, unknown)


def test_twenty_against_four_by_eye() -> None:
    known, unknown = torch.arange(20.0), torch.tensor([-1.0, 0.5, 1.0, 30.0])
    found = detection(known, unknown)
    assert found["ood_auroc"] == pytest.approx((20 + 19 + 18.5 + 0) / 80)
    assert found["fpr_ood_at_95tpr_id"] == 2 / 4, "accepting 19 of 20 takes 1 and more: two of the four"
    assert found["fpr_id_at_95tpr_ood"] == 1, "catching all four refuses everything up to 30"
    assert detection(known + 100, unknown) == {
        "ood_auroc": 1,
        "aupr_in": 1,
        "aupr_out": 1,
        "fpr_ood_at_95tpr_id": 0,
        "fpr_id_at_95tpr_ood": 0,
    }


def test_the_two_conventions_are_each_others_mirror() -> None:
    generator = torch.Generator().manual_seed(0)
    known, unknown = torch.randn(400, generator=generator) + 1, 2 * torch.randn(300, generator=generator)
    found, mirrored = detection(known, unknown), detection(-unknown, -known)
    assert found["fpr_ood_at_95tpr_id"] == mirrored["fpr_id_at_95tpr_ood"] != found["fpr_id_at_95tpr_ood"]
    assert found["aupr_in"] == mirrored["aupr_out"]
    assert found["aupr_in"] == pytest.approx(average_precision_score(*both(known, unknown)))
    assert found["aupr_out"] == pytest.approx(average_precision_score(*both(-unknown, -known)))


def test_a_score_that_says_nothing_is_a_guess() -> None:
    same = torch.zeros(7), torch.zeros(3)
    assert detection(*same) == {
        "ood_auroc": 0.5,
        "aupr_in": pytest.approx(0.7),
        "aupr_out": pytest.approx(0.3),
        "fpr_ood_at_95tpr_id": 1,
        "fpr_id_at_95tpr_ood": 1,
    }
