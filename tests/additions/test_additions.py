"""Adding a member is one file: one of each of twelve families, found by list, help, docs and suites, and at work.

Another process has ``members/`` on ``TOMBOLA_PATH``: it asks the command line, trains, and runs the contract suites. No
other test sees them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.additions.added import ADDED, MEMBERS
from tests.contract.suites import checks

ROOT = Path(__file__).parents[2]
ABOUT_EVERY_MEMBER = 6
"""Tests of `test_every_member` and `test_broken_members` that are run for each member of any family."""
KINDS = pytest.mark.parametrize("kind", ADDED)
pytestmark = pytest.mark.timeout(300)  # another process, and machines are busy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `child` wrote, the additions on its path."""
    out = tmp_path_factory.mktemp("child")
    there = {**os.environ, "TOMBOLA_PATH": str(MEMBERS)}
    command = [sys.executable, "-m", "tests.additions.child", str(out)]
    done = subprocess.run(command, env=there, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return out


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    """What is said of them, and what they did."""
    value: dict[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return value


def card(kind: str) -> list[str]:
    """The lines of an addition's card."""
    text = (MEMBERS / kind / f"{ADDED[kind]}.py").read_text(encoding="utf-8")
    return text.split('"""')[1].splitlines()


def bare(text: str) -> str:
    """The words alone: a page sets them otherwise than a card."""
    return " ".join(text.replace("*", "").replace("`", "").replace("&lt;", "<").split())


@KINDS
def test_it_is_listed_shown_and_on_the_reference_page(kind: str, found: dict[str, Any]) -> None:
    told, name, title = found["told"], ADDED[kind], card(kind)[0]
    assert any(line.split()[0] == kind and f" {name}" in line for line in told["all"].splitlines())
    assert any(line.split()[0] == name and title in line for line in told["list"][kind].splitlines())
    assert f"## {name}\n" in told["docs"][kind]
    for line in card(kind):
        assert line in told["show"][kind]
        assert bare(line) in bare(told["docs"][kind])
    assert name in told["help"].get(kind, name)


def test_the_contract_suites_run_over_every_addition(folder: Path) -> None:
    passed = [case.attrib["name"] for case in ET.parse(folder / "report.xml").iter("testcase") if len(case) == 0]
    names = {kind: f"{kind}-{name}" for kind, name in ADDED.items()}
    for kind, name in names.items():
        mine = {test.partition(f"[{name}")[2].strip("-]") for test in passed if f"[{name}-" in test}
        assert mine == {check.__name__ for check in checks(kind)}, name
        assert sum(f"[{name}]" in test for test in passed) >= ABOUT_EVERY_MEMBER, name


def test_a_study_takes_them_by_name(found: dict[str, Any]) -> None:
    assert found["studied"] == {
        "failed": [],
        "measured": ["accuracy", "adversarial_accuracy", "divergence", "export"],
        "attacked_by": ["momentum"],
        "files": ["net.npz"],
        "drawn": True,
    }


@pytest.mark.parametrize("member", ["teacher", "evolution"])
def test_a_training_with_it_goes_on_after_a_kill(member: str, found: dict[str, Any]) -> None:
    assert found[member] == {"killed": True, "same": True, "matters": True}


def test_a_change_moves_masks_while_a_net_is_trained(found: dict[str, Any]) -> None:
    assert found["moved"] == {"as many": True, "others": True}


def test_texts_are_classified_attacked_and_measured_by_name(found: dict[str, Any]) -> None:
    accuracy = found["read"]
    assert accuracy["before"] < 65
    assert min(accuracy["after"], accuracy["hard"]) > 90


def test_a_net_under_an_added_head_is_kept_and_loaded(found: dict[str, Any]) -> None:
    assert found["headed"] == {"head": True, "same": True}


def test_an_exported_file_holds_the_masked_net(found: dict[str, Any]) -> None:
    assert found["unpacked"]
