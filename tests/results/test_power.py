"""The effect that an n could have shown is found as often as it says, and never by less."""

import numpy as np
import pytest
from results.evidence.judges import by_lead
from results.evidence.power import correlation, detectable, effect_of, in_deviations
from scipy.stats import nct, t, ttest_1samp

from tests.results.test_leads import three


@pytest.mark.parametrize("units", [3, 5, 8])
def test_so_large_an_effect_is_found_in_four_of_five_studies(units: int) -> None:
    draws = np.random.default_rng(units).standard_normal((20_000, units))
    found = ttest_1samp(draws + in_deviations(units), 0, axis=1).pvalue < 0.05
    assert float(np.mean(found)) == pytest.approx(0.8, abs=0.012)


def test_the_chance_is_the_noncentral_distributions() -> None:
    away = detectable(1.0, 4.0, alpha=0.01, power=0.9)
    assert nct.sf(t.ppf(0.995, 4), 4, away) == pytest.approx(0.9, abs=1e-6)
    assert detectable(2.5, 4.0, alpha=0.01, power=0.9) == pytest.approx(2.5 * away)


def test_fewer_units_a_harder_bar_and_more_power_ask_for_more() -> None:
    assert in_deviations(3) > in_deviations(5) > in_deviations(10)
    assert in_deviations(5, alpha=0.05 / 23) > in_deviations(5) > in_deviations(5, power=0.5)


def test_a_lead_could_have_shown_what_its_own_spread_says() -> None:
    rows = three("robust", (52, 53, 54)) + three("natural", (50, 50, 50))
    found = by_lead("accuracy", "robust")(rows)
    assert effect_of(found) == pytest.approx(detectable(1 / np.sqrt(3), 2.0))


def test_five_tasks_can_hardly_show_a_correlation() -> None:
    assert correlation(5, 0.05 / 23, 0.8) is None, "a perfect order has p 0.017"
    five, seven = correlation(5, 0.05, 0.8), correlation(7, 0.05, 0.8)
    assert seven is not None
    assert 0.85 < seven < 0.97
    assert five is None or five > 0.98
