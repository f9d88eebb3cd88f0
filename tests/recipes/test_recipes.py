"""Recipes: found by file, explained when unknown, every one a study without problems."""

from pathlib import Path

import pytest

from tombola.errors import RequestError, UnknownName
from tombola.recipes._lookup import recipe, recipe_card, recipe_names
from tombola.study.plan import Plan


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_a_whole_study_with_a_card(name: str) -> None:
    plan = Plan.of(recipe(name))
    assert plan.study.name == name.replace("/", "-")
    assert "When:" in recipe_card(name)
    assert plan.cells


def test_the_demo_is_what_it_says() -> None:
    counts = Plan.of(recipe("demo")).counts(set[str]().__contains__)
    assert {kind: tally.total for kind, tally in counts.kinds.items()} == {
        "pretrain": 2,
        "draw": 10,
        "transfer": 60,
        "measure": 120,
    }
    assert counts.cells == 60


def test_an_unknown_recipe_names_the_near_one() -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'demo'.*\.yaml"):
        recipe("dmeo")


def test_a_file_in_a_folder_is_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "recipes" / "my_paper"
    folder.mkdir(parents=True)
    (folder / "fig1.py").write_text(
        "from tombola.recipes.demo import demo\n\ndef fig1():\n    return demo().override(['pretrain_seed=5'])\n"
    )
    (folder / "fig2.py").write_text("x = 1\n")
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))
    assert {"demo", "my-paper/fig1", "my-paper/fig2"} <= set(recipe_names())
    assert {cell.experiment.pretrain_seed for cell in recipe("my-paper/fig1").cells()} == {5}
    with pytest.raises(RequestError, match=r"function fig2\(\) that returns a Study"):
        recipe("my-paper/fig2")
