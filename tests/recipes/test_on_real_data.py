"""A small recipe asks of the data beside the project what they have: no more images, no other classes."""

import os
from pathlib import Path

import pytest

from tombola.recipes._lookup import recipe, recipe_choices, recipe_names
from tombola.study.cost import estimate
from tombola.study.plan import Plan

DATA = Path(os.environ.get("TOMBOLA_DATA", "../shared/data"))
SCALED = [name for name in recipe_names() if "scale" in recipe_choices(name)]


@pytest.mark.realdata
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("default:.* texts have more than length=")  # a few of them, as the recipes say
@pytest.mark.skipif(not DATA.is_dir(), reason="no TOMBOLA_DATA")
@pytest.mark.parametrize("name", SCALED)
def test_every_stage_of_a_small_recipe_can_be_run(name: str) -> None:
    plan = Plan.of(recipe(name, ["scale=small"]))
    told = estimate(plan, set[str]().__contains__).total.unknown
    assert not [reason for reason in told if "asked for" in reason or "no such" in reason]
