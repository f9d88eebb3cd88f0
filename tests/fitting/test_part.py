"""Parts of a schedule: where they begin and end, and that they join without a seam."""

from pathlib import Path

import pytest
from tests.fitting.toys import Failing, Interrupted, Toy, network

from tombola.fitting.fit import Fit
from tombola.fitting.part import Part
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.spec import build
from tombola.units import Steps

PLAIN = {"name": "sgd", "lr": 0.05, "momentum": 0.0}  # nothing but the weights goes from step to step
RECIPE = build(Fit, {"epochs": "3ep", "batch": 16, "optimizer": PLAIN, "precision": "float32", "warmup": "2it"})


def trained(model: Network, part: Part, recipe: Fit = RECIPE) -> Network:
    return recipe.run(model, Toy(), seed=3, session=Session(), part=part)


@pytest.mark.parametrize("at", ["0it", "1it", "1ep", "5it", "3ep"])
def test_two_parts_are_the_whole_bit_for_bit(at: str) -> None:
    whole = trained(network(), Part())
    early = trained(network(), Part(end=Steps.parse(at)))
    assert weights_digest(trained(early, Part(begin=Steps.parse(at)))) == weights_digest(whole)


def test_rounds_play_one_schedule_and_one_order_of_the_data() -> None:
    longer = RECIPE.replace(epochs="6ep")
    first = trained(network(), Part(round=0, rounds=2))
    assert weights_digest(trained(first, Part(round=1, rounds=2))) == weights_digest(trained(network(), Part(), longer))


def test_a_restarted_round_hardly_lowers_the_rate() -> None:
    """BERT-Tickets' quirk: each level plays the first tenth of a schedule over ten levels."""
    first, last, total = Part(rounds=10).steps(length=9, per_epoch=3)
    assert (first, last, total) == (0, 9, 90)
    recipe = RECIPE.replace(warmup="0it")
    assert recipe.learning_rate(last - 1, total, 3) > 0.97 * recipe.learning_rate(0, total, 3)
    assert recipe.learning_rate(last - 1, 9, 3) < 0.1 * recipe.learning_rate(0, 9, 3)


def test_a_part_that_was_stopped_continues_from_its_own_checkpoints_only(tmp_path: Path) -> None:
    recipe = RECIPE.replace(checkpoint_every="1it")
    part = Part(begin=Steps.parse("1ep"))
    straight = recipe.run(network(), Toy(), seed=3, session=Session(), part=part)
    with pytest.raises(Interrupted):
        recipe.run(network(), Failing(good=2), seed=3, session=Session(tmp_path), part=part)
    other = recipe.run(network(), Toy(), seed=3, session=Session(tmp_path))
    assert weights_digest(other) == weights_digest(trained(network(), Part()))
    with pytest.raises(Interrupted):
        recipe.run(network(), Failing(good=2), seed=3, session=Session(tmp_path / "b"), part=part)
    again = recipe.run(network(), Toy(), seed=3, session=Session(tmp_path / "b"), part=part)
    assert weights_digest(again) == weights_digest(straight)


def test_a_part_longer_than_the_fit_ends_with_it() -> None:
    assert Part(end=Steps.parse("9ep")).steps(length=9, per_epoch=3) == (0, 9, 9)
    assert Part(begin=Steps.parse("9ep")).steps(length=9, per_epoch=3) == (9, 9, 9)
