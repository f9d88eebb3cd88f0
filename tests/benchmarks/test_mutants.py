"""Mutants: the text that each of them changes stands in its file once, so none is passed over unseen."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MUTANTS: list[Mapping[str, str]] = yaml.safe_load((ROOT / "benchmarks" / "mutants.yaml").read_text("utf-8"))


@pytest.mark.parametrize("file", sorted({mutant["file"] for mutant in MUTANTS}))
def test_what_a_mutant_changes_is_there_once(file: str) -> None:
    source = (ROOT / "src" / "tombola" / file).read_text("utf-8")
    found = {mutant["name"]: source.count(mutant["old"]) for mutant in MUTANTS if mutant["file"] == file}
    assert set(found.values()) == {1}, found
    assert all((ROOT / test.partition("::")[0]).exists() for one in MUTANTS for test in one["tests"].split()[:1])
