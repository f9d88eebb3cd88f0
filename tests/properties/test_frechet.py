"""The Fréchet distance against closed forms, and moments that do not care how a set is cut."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tombola.errors import DataError
from tombola.properties._frechet import Moments, frechet_distance, trace_of_root

SEEDS = st.integers(0, 999)


def rows(count: int, dim: int, seed: int, *, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    """Vectors of a mixed normal distribution."""
    drawn = torch.Generator().manual_seed(seed)
    mix = torch.randn(dim, dim, generator=drawn, dtype=torch.float64)
    return scale * torch.randn(count, dim, generator=drawn, dtype=torch.float64) @ mix + shift


def gaussian(mean: Tensor, covariance: Tensor) -> Moments:
    """Moments with exactly this mean and covariance."""
    return Moments(101, mean.double(), 100 * covariance.double())


def test_gaussians_with_diagonal_covariances() -> None:
    means = torch.tensor([[0.0, 1.0, -2.0], [1.0, 1.0, 0.0]])
    deviations = torch.tensor([[1.0, 2.0, 0.0], [3.0, 0.5, 0.25]])
    one, other = (gaussian(m, torch.diag(d**2)) for m, d in zip(means, deviations, strict=True))
    # (0 - 1)^2 + (-2 - 0)^2, and the squared differences of the standard deviations
    assert frechet_distance(one, other) == pytest.approx(1 + 4 + 2**2 + 1.5**2 + 0.25**2, rel=1e-12)


def test_covariances_that_commute_after_a_turn() -> None:
    turn = torch.linalg.qr(rows(6, 6, 3))[0]
    a, b = torch.rand(2, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    one, other = (gaussian(torch.zeros(6), turn @ torch.diag(d**2) @ turn.T) for d in (a, b))
    assert frechet_distance(one, other) == pytest.approx(float((a - b).square().sum()), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(2, 40), dim=st.integers(1, 30), seed=SEEDS, scale=st.floats(1e-3, 1e3))
def test_a_set_is_at_no_distance_from_itself_also_with_fewer_images_than_features(
    count: int, dim: int, seed: int, scale: float
) -> None:
    found = Moments.of(rows(count, dim, seed, shift=scale, scale=scale))
    assert 0 <= frechet_distance(found, found) <= 1e-12 * float(found.covariance().trace())


@settings(max_examples=30, deadline=None)
@given(counts=st.tuples(st.integers(2, 40), st.integers(2, 40)), dim=st.integers(1, 20), seed=SEEDS)
def test_it_is_symmetric_and_at_least_the_distance_of_the_means(counts: tuple[int, int], dim: int, seed: int) -> None:
    one, other = Moments.of(rows(counts[0], dim, seed)), Moments.of(rows(counts[1], dim, seed + 1, shift=1, scale=2))
    found = frechet_distance(one, other)
    assert found == pytest.approx(frechet_distance(other, one), rel=1e-9)
    apart = float((one.mean - other.mean).square().sum())
    roots = float(one.covariance().trace()) ** 0.5, float(other.covariance().trace()) ** 0.5
    assert found >= apart
    assert found <= apart + sum(root**2 for root in roots) * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 50), max_size=5), seed=SEEDS, shift=st.sampled_from([0.0, 1e6]))
def test_moments_do_not_depend_on_order_or_batches(cuts: list[int], seed: int, shift: float) -> None:
    vectors = rows(50, 7, seed, shift=shift)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(seed))
    parts = torch.tensor_split(vectors[order], sorted(cuts))
    found = sum((Moments.of(part) for part in parts[1:]), Moments.of(parts[0]))
    assert found.count == 50
    assert torch.allclose(found.mean, vectors.mean(0), rtol=1e-12)
    expected = torch.cov(vectors.T)
    assert torch.allclose(found.covariance(), expected, rtol=0, atol=1e-6 * float(expected.abs().max()))


def test_float32_features_are_summed_in_float64() -> None:
    vectors = rows(500, 3, 0, shift=1e3).float()
    assert torch.allclose(Moments.of(vectors).covariance(), torch.cov(vectors.double().T), rtol=1e-9)


def test_the_trace_of_the_root_is_scipys_where_that_is_real() -> None:
    from scipy.linalg import sqrtm

    one, other = (Moments.of(rows(80, 12, seed)).covariance() for seed in (0, 1))
    expected = sqrtm((one @ other).numpy())
    assert trace_of_root(one, other) == pytest.approx(float(expected.real.trace()), rel=1e-9)


def test_fewer_images_than_features_give_what_the_spaces_they_span_give() -> None:
    """Ten vectors in 60 dimensions span nine; turned into those, the distance is the same."""
    vectors = rows(10, 9, 0), rows(10, 9, 1, shift=0.5)
    turn = torch.linalg.qr(rows(60, 60, 2))[0][:9]
    small = frechet_distance(*(Moments.of(part) for part in vectors))
    large = frechet_distance(*(Moments.of(part @ turn) for part in vectors))
    assert large == pytest.approx(small, rel=1e-9)


def test_one_image_has_no_covariance() -> None:
    with pytest.raises(DataError, match="two images of each set or more; one has 1"):
        frechet_distance(Moments.of(rows(1, 3, 0)), Moments.of(rows(5, 3, 1)))


def test_full_shrinkage_leaves_two_spheres() -> None:
    one, other = Moments.of(rows(20, 5, 0)), Moments.of(rows(30, 5, 1, scale=3))
    radii = [float(each.covariance().trace() / 5) ** 0.5 for each in (one, other)]
    expected = float((one.mean - other.mean).square().sum()) + 5 * (radii[0] - radii[1]) ** 2
    assert frechet_distance(one, other, shrinkage=(1, 1)) == pytest.approx(expected, rel=1e-9)
    assert torch.allclose(one.covariance(0.3).trace(), one.covariance().trace())


def test_the_advised_shrinkage_falls_with_the_count_and_undoes_most_of_the_bias() -> None:
    def of(count: int, seed: int) -> Moments:
        return Moments.of(torch.randn(count, 50, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))

    advised = [of(count, 0).oas() for count in (10, 1000)]
    assert min(advised) > 0.8, "these vectors are spheres: everything may be shrunk"
    mixed = [Moments.of(rows(count, 50, 0)).oas() for count in (10, 100, 1000, 10_000)]
    assert mixed == sorted(mixed, reverse=True)
    assert mixed[-1] < 0.01
    one, other = of(20, 1), of(20, 2)
    plain = frechet_distance(one, other)
    assert frechet_distance(one, other, shrinkage=(one.oas(), other.oas())) < 0.5 * plain


def test_the_advised_shrinkage_is_scikit_learns_but_for_terms_of_one_in_d() -> None:
    from sklearn.covariance import oas

    for count, dim in ((30, 400), (300, 400)):
        vectors = rows(count, dim, 0)
        biased = Moments(count, vectors.mean(0), Moments.of(vectors).scatter * (count - 1) / count)
        assert biased.oas() == pytest.approx(oas(vectors.numpy())[1], rel=0.02)
