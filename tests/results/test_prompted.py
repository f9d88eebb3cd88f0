"""What searches of prompts found becomes a study that asks it across, and tables tell both."""

import json
from types import ModuleType

import pytest
import yaml

from tests.results.scripts import ROOT, loaded
from tests.results.test_judges_of_texts import asked, rows

FOUND = [
    {"split": split, "sparsity": sparsity, "prompt": " it's: a", "ids": [split, 3]}
    for split in (1, 0)
    for sparsity in (0.5, 0.0)
]


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    return {name: loaded(ROOT / "results" / "prompts" / f"{name}.py", monkeypatch) for name in ("found", "prompted")}


def test_a_prompt_comes_with_the_split_it_was_found_on(scripts: dict[str, ModuleType]) -> None:
    found = scripts["found"]
    told = yaml.safe_load(found.HEAD + "\n".join(found.levels(FOUND)))
    levels = told["axes"]["prompt"]
    assert list(levels) == [f"split {split}, found at {at}" for split in (0, 1) for at in ("0%", "50%")]
    assert levels["split 1, found at 0%"]["target.subset_seed"] == 1
    assert levels["split 1, found at 0%"]["transfer.search"] == {"name": "found", "ids": [1, 3], "said": " it's: a"}
    assert tuple(told["axes"]["draw.sparsity"]) == found.SPARSITIES


def test_the_study_that_is_kept_is_what_was_found(scripts: dict[str, ModuleType]) -> None:
    found, kept = scripts["found"], ROOT / "results" / "prompts" / "across.yaml"
    if not kept.exists():
        pytest.skip("across.yaml is written once all prompts are found")
    lines = [json.loads(line) for line in (kept.parent / "found.jsonl").read_text("utf-8").splitlines()]
    searched = [line for line in lines if found.SEARCHED.items() <= line.items()]
    assert kept.read_text("utf-8") == found.HEAD + "\n".join(found.levels(searched)) + "\n"


def test_tables_tell_means_and_what_is_learned(scripts: dict[str, ModuleType]) -> None:
    made = []
    for search, first in (("none", 50.0), ("manual", 55.0), ("random", 70.0), ("rl", 60.0)):
        for calibrate in ("shots", "nothing"):
            values = (first, first + 1, first + 2.1)
            made += rows("accuracy", values, search=search, calibrate=calibrate, draw__sparsity=0.2)
    line = list(scripts["prompted"].searched(made))[2]
    assert line.startswith("| 20% | shots | 51.0 ± 1.1 | 56.0 ± 1.1 | 71.0 ± 1.1 | 61.0 ± 1.1 | -10.00 (")
    told = list(scripts["prompted"].across([*asked(0.2, "0%", 69, 70, 71), *asked(0.2, "20%", 71, 72, 73)]))
    assert told[0] == "| asked of | found at 0% | found at 20% |"
    assert told[2] == "| 20% | 70.0 ± 1.0 | 72.0 ± 1.0 |"
