"""Recipes: their numbers, and that options given beside one win."""

import pytest

from tombola.errors import OptionError
from tombola.fitting.fit import Fit
from tombola.fitting.presets import PRESETS
from tombola.spec import build


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_recipe_is_whole(name: str) -> None:
    recipe = build(Fit, {"preset": name})
    assert recipe.preset is None
    assert recipe == build(Fit, {field: getattr(recipe, field) for field in Fit.model_fields})


def test_the_paper_lowers_its_rate_at_50_and_100_of_150_epochs() -> None:
    recipe = build(Fit, {"preset": "dac"})
    per_epoch = 28
    rates = [recipe.learning_rate(epoch * per_epoch, 150 * per_epoch, per_epoch) for epoch in (0, 49, 50, 99, 100, 149)]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001])
    assert recipe.learning_rate(50 * per_epoch - 1, 150 * per_epoch, per_epoch) == pytest.approx(0.01)


def test_an_option_beside_a_recipe_wins_and_leaves_the_others() -> None:
    recipe = build(Fit, {"preset": "salman", "optimizer": {"lr": 0.5}, "epochs": "3ep"})
    assert recipe.identity()["optimizer"] == {
        "name": "sgd",
        "lr": 0.5,
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 5e-4,
        "spare_vectors": False,
    }
    assert recipe.batch == 64


def test_another_member_takes_nothing_of_the_recipes() -> None:
    recipe = build(Fit, {"preset": "salman", "optimizer": "adamw"})
    assert recipe.optimizer.lr == 1e-3


def test_the_identity_is_that_of_the_expanded_options() -> None:
    named = build(Fit, {"preset": "open-lth"})
    assert "preset" not in named.identity()
    assert named.digest() != build(Fit, {}).digest()
    assert named.replace(compile=True, checkpoint_every="5it").digest() == named.digest()


def test_an_unknown_recipe_names_its_neighbours() -> None:
    with pytest.raises(OptionError, match=r"unknown preset 'double_win', did you mean 'double-win'"):
        build(Fit, {"preset": "double_win"})
