"""What priors differ in is judged as the protocol says, on rows whose verdict is known."""

import math

import pytest
from results.evidence.judges_of_priors import bear_differently, borne, crossing, masks_differ
from results.evidence.leads import lead_of

from tests.results.test_judges_of_vision import SPREAD, probes
from tombola.rows import Row

FALLS = {0.0: 0.0, 0.01: 0.0, 0.1: 1.0, 1.0: 5.0}


def overlaps(within: float, between: float, *priors: str) -> list[Row]:
    return [
        Row(cell={"prior": prior, "draw.sparsity": sparsity}, seed=seed, property="overlap", metric=metric, samples=0,
            value=value + away * (prior == other) * (metric == "overlap"), detail={"reference": other})
        for seed, away in enumerate(SPREAD) for prior in priors for other in priors
        for sparsity, metric, value in (
            (0.7903, "overlap", within if prior == other else between), (0.7903, "expected_overlap", 20.0),
            (0.95, "overlap", 99.0), (0.95, "expected_overlap", 1.0),
        )
    ]  # fmt: skip


def test_agreement_is_counted_beyond_chance_at_79_per_cent_and_among_priors_that_count() -> None:
    gate = probes(supervised=20.0, simclr=20.0, moco=1.0)
    found = masks_differ(overlaps(40.0, 25.0, "supervised", "simclr", "moco") + gate)
    (first,) = found.leads.values()
    assert found.leaning == "for"
    assert (first.left, first.right) == pytest.approx((20.5, 5.0))
    assert masks_differ(overlaps(25.0, 40.0, "supervised", "simclr") + gate).leaning == "against"
    assert masks_differ(overlaps(25.0, 24.9, "supervised", "simclr") + gate).leaning == "open"
    assert masks_differ(overlaps(40.0, 25.0, "supervised", "moco") + gate).p == 1.0, "moco does not count"


def test_each_pretraining_stands_in_two_values_and_the_interval_is_so_much_wider() -> None:
    found = masks_differ(overlaps(40.0, 25.0, "supervised", "simclr") + probes(supervised=20.0, simclr=20.0))
    (first,) = found.leads.values()
    assert first.half == pytest.approx(math.sqrt(8 / 3) * lead_of(SPREAD, (0.0, 0.0)).half)


def noisy(**hurt: float) -> list[Row]:
    return [
        Row(cell={"prior": prior, "task": task, "draw.sparsity": sparsity, "draw.scale": scale}, seed=seed,
            property="accuracy", metric="accuracy", samples=100,
            value=80 * (prior != "untrained") - much * (1 + SPREAD[seed] / 20) * FALLS[scale])
        for prior, much in {**hurt, "untrained": 1.0}.items()
        for seed in range(5) for task in ("cifar10", "caltech101") for sparsity in (0.0, 0.79) for scale in FALLS
    ]  # fmt: skip


def test_the_noise_borne_lies_between_two_scales_of_the_log() -> None:
    found = borne(noisy(weak=2.0, strong=1.0, never=0.1), "cifar10")
    assert set(found) == {"weak", "strong", "untrained"}, "what never loses two points has no such noise"
    assert found["weak"][0] == pytest.approx(math.log(0.1))
    assert found["strong"][0] == pytest.approx(math.log(0.1) + 0.25 * math.log(10))
    assert crossing({0.0: 90.0, 0.1: 89.0}, 88.0) is None


def test_priors_differ_where_the_surest_pair_does_after_holm_among_the_pairs() -> None:
    found = bear_differently(noisy(weak=2.0, strong=1.0, alike=1.0))
    assert (found.leaning, found.share) == ("for", 3)
    first = next(iter(found.leads.values()))
    assert found.p == pytest.approx(3 * first.p)
    assert [*found.leads][-1] == "strong over alike"
    level = bear_differently(noisy(strong=1.0, alike=1.0))
    assert (level.leaning, level.p) == ("open", 1.0)
    assert bear_differently(noisy(never=0.1, neither=0.1)).sum == "no pair of priors can be compared"
