"""Each score against its formula, computed another way."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from tombola.errors import RequestError
from tombola.properties.ood_scores._base import Known, OODScore
from tombola.properties.ood_scores.mahalanobis import squared_distances


def drawn(*shape: int, seed: int = 0) -> Tensor:
    """Numbers of a normal distribution."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def never() -> Known:
    """Scores of outputs do not look at the training split."""
    raise AssertionError


def scored(what: object, values: Tensor, known: Known | None = None) -> Tensor:
    """The scores of a member given by name or mapping."""
    return OODScore.parse(what).scores(values, never if known is None else lambda: known)


def test_msp_is_the_logarithm_of_the_largest_probability() -> None:
    logits = 3 * drawn(50, 4)
    assert torch.allclose(scored("msp", logits).exp(), logits.softmax(1).amax(1), atol=1e-14)


def test_msp_tells_apart_what_is_too_sure_for_a_float() -> None:
    sure, surer = scored("msp", torch.tensor([[50.0, 0.0, 0.0], [90.0, 0.0, 0.0]], dtype=torch.float64))
    assert sure < surer < 0


def test_max_logit_and_energy_are_their_formulas() -> None:
    logits = 3 * drawn(50, 4)
    assert torch.equal(scored("max_logit", logits), logits.max(1).values)
    for temperature in (0.5, 1.0, 10.0):
        expected = temperature * (logits / temperature).exp().sum(1).log()
        assert torch.allclose(scored(f"energy:{temperature}", logits), expected)
    assert torch.allclose(scored("energy:1e-3", logits), logits.amax(1))


def test_energy_refuses_log_probabilities() -> None:
    with pytest.raises(RequestError, match=r"log-probabilities.*score=msp"):
        scored("energy", drawn(9, 4).log_softmax(1))


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_mahalanobis_is_the_smallest_distance_in_the_shared_covariance(shrinkage: float) -> None:
    labels = torch.arange(60) % 3
    train = drawn(60, 5) @ drawn(5, 5, seed=1) + 4 * drawn(3, 5, seed=2)[labels]
    values = 3 * drawn(20, 5, seed=3)
    means = torch.stack([train[labels == c].mean(0) for c in range(3)])
    covariance = torch.stack([torch.outer(row, row) for row in train - means[labels]]).mean(0)
    covariance = (1 - shrinkage) * covariance + shrinkage * covariance.trace() / 5 * torch.eye(5, dtype=torch.float64)
    inverse = torch.linalg.inv(covariance)
    expected = [-min(float((row - m) @ inverse @ (row - m)) for m in means) for row in values]
    found = scored({"name": "mahalanobis", "shrinkage": shrinkage}, values, Known(train, labels))
    assert found.tolist() == pytest.approx(expected, rel=1e-9)


def test_mahalanobis_does_not_change_under_linear_maps_of_the_features() -> None:
    labels, train, values = torch.arange(60) % 3, drawn(60, 5), drawn(20, 5, seed=3)
    mapped = drawn(5, 5, seed=4)
    before = squared_distances(values, train, labels, 0.0)
    after = squared_distances(values @ mapped + 1000, train @ mapped + 1000, labels, 0.0)
    assert torch.allclose(before, after, rtol=1e-6)


def test_features_that_are_dead_or_doubled_in_training_are_left_out() -> None:
    labels, train, values = torch.arange(60) % 3, drawn(60, 4), drawn(20, 4, seed=3)
    odd = drawn(20, 1, seed=5)
    widened = torch.cat([train, train[:, :1], torch.zeros(60, 1)], 1)
    found = scored("mahalanobis", torch.cat([values, values[:, :1], odd], 1), Known(widened, labels))
    assert torch.allclose(found, scored("mahalanobis", values, Known(train, labels)))


def test_mahalanobis_refuses_too_few_images_and_takes_them_shrunk() -> None:
    few = Known(drawn(7, 5), torch.arange(7) % 3)
    with pytest.raises(RequestError, match=r"7 training images of 3 classes .* 5 features; take 8 .* shrinkage=0.1"):
        scored("mahalanobis", drawn(4, 5), few)
    assert scored("mahalanobis:0.1", drawn(4, 5), few).isfinite().all()
    alike = Known(torch.ones(7, 5).double(), few.labels)
    assert scored("mahalanobis:0.1", drawn(4, 5), alike).tolist() == [0, 0, 0, 0]


def test_classes_without_a_training_image_have_no_mean() -> None:
    labels, train, values = torch.arange(60) % 3, drawn(60, 5), drawn(20, 5, seed=3)
    gapped = torch.tensor([0, 4, 9])[labels]
    found = [scored("mahalanobis", values, Known(train, given)) for given in (labels, gapped)]
    assert torch.equal(*found)


@pytest.mark.parametrize("k", [1, 7, 40])
def test_knn_is_scikit_learns_distance_of_the_directions(k: int) -> None:
    train, values = drawn(40, 6), drawn(15, 6, seed=1)
    unit = [rows / rows.norm(dim=1, keepdim=True) for rows in (train, values)]
    expected = NearestNeighbors(n_neighbors=k).fit(unit[0].numpy()).kneighbors(unit[1].numpy())[0][:, -1]
    found = scored(f"knn:{k}", values * 3, Known(train / 5, torch.zeros(40)))
    assert (-found).tolist() == pytest.approx(expected.tolist(), rel=1e-9)


def test_knn_refuses_more_neighbours_than_there_are_and_takes_empty_features() -> None:
    with pytest.raises(RequestError, match=r"k=50 neighbours of 40 .* k=40 or less"):
        scored("knn", drawn(3, 6), Known(drawn(40, 6), torch.zeros(40)))
    dead = scored("knn:2", torch.zeros(3, 6, dtype=torch.float64), Known(drawn(40, 6), torch.zeros(40)))
    assert torch.allclose(dead, -torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("name", OODScore.family.names())
def test_every_score_is_one_finite_number_an_image_whatever_else_is_scored(name: str) -> None:
    known = Known(drawn(80, 6), torch.arange(80) % 3)
    score, values = OODScore.parse(name), drawn(12, 6, seed=1)
    found = score.scores(values, lambda: known)
    assert found.shape == (12,)
    assert found.isfinite().all()
    assert torch.allclose(score.scores(values.flip(0)[:5], lambda: known), found.flip(0)[:5])
    assert score.told()["score"] == name
