"""Families: members by file, near names, duplicates explained, and every way to write a member."""

import pickle
from pathlib import Path

import pytest

from tombola.errors import OptionError, RequestError, UnknownName
from tombola.finding import member_names
from tombola.masks.patterns._base import Pattern
from tombola.masks.patterns.element import Element
from tombola.properties._base import Property
from tombola.registry import Member
from tombola.schemes._base import Scheme
from tombola.study.runners._base import Runner

RUNNER = '''"""A runner of nothing.

What: nothing.
"""
from tombola.study.runners._base import Outcome, Runner
from tombola.spec import option


class Anything(Runner):
    """Runs nothing."""

    ARGUMENT = "place"
    place: str = option("here", "where")

    def run(self, stages, store, *, device, reporter):
        return Outcome()
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "runners").mkdir()
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))
    return tmp_path / "runners"


def test_a_file_is_a_member_under_its_own_name(folder: Path) -> None:
    (folder / "nowhere.py").write_text(RUNNER)
    (folder / "_not_one.py").write_text("raise SystemExit")
    assert {"inline", "nowhere"} <= set(Runner.family.names())
    assert "not_one" not in Runner.family.names()
    member = Runner.parse("nowhere:there")
    assert (member.name, member.identity()["place"]) == ("nowhere", "there")
    assert Runner.family.card("nowhere").startswith("A runner of nothing.")
    assert pickle.loads(pickle.dumps(member)) == member


def test_a_member_of_many_parts_has_a_room_and_its_parts_are_none() -> None:
    from tombola.schemes.latency.latency import Latency

    names = Scheme.family.names()
    assert "latency" in names
    assert not {"search", "curve", "rewinds"} & set(names)
    assert Scheme.family.get("latency") is Latency
    assert Latency.name == "latency"
    assert Scheme.family.card("latency").startswith("Prune to a latency")


def test_a_member_imported_by_hand_knows_its_name_and_travels() -> None:
    assert Element.name == "element"
    assert Element().identity() == {"name": "element"}
    assert pickle.loads(pickle.dumps(Element())) == Element()
    assert Pattern.name == Member.name == ""


def test_an_unknown_name_says_which_exist_and_which_is_near() -> None:
    with pytest.raises(UnknownName, match=r"unknown runner 'inlin', did you mean 'inline'\? \(there are: inline, proc"):
        Runner.parse("inlin")


def test_two_of_one_name_are_explained(folder: Path) -> None:
    (folder / "inline.py").write_text(RUNNER)
    with pytest.raises(RequestError, match="two runners are called 'inline'"):
        Runner.family.names()


@pytest.mark.parametrize(
    "text", ["", "from tombola.study.runners.inline import Inline\n", RUNNER + RUNNER.replace("Anything", "Other")]
)
def test_a_file_holds_exactly_one_member(folder: Path, text: str) -> None:
    (folder / "odd.py").write_text(text)
    with pytest.raises(RequestError, match="exactly one class"):
        Runner.parse("odd")


def test_members_are_written_as_text_mapping_or_themselves() -> None:
    member = Runner.parse({"name": "processes", "count": 3})
    assert Runner.parse("processes:3") == Runner.parse({"name": "processes:3"}) == Runner.parse(member) == member
    for wrong in (3, None, {"count": 3}):
        with pytest.raises(RequestError, match="name"):
            Runner.parse(wrong)
    with pytest.raises(RequestError, match="takes no text behind a colon"):
        Scheme.parse("omp:0.9")
    with pytest.raises(RequestError, match="one of patterns, not of runners"):
        Runner.parse(Element())


def test_one_problem_is_a_sentence_and_several_are_a_list() -> None:
    with pytest.raises(
        RequestError, match=r"^runner processes: count='0': should be a number of processes from 1 to 256, or auto$"
    ):
        Runner.parse("processes:0")
    with pytest.raises(OptionError) as caught:
        Runner.parse({"name": "processes", "count": 0, "threds": 1})
    assert len(caught.value.problems) == 2


def test_families_have_a_singular() -> None:
    assert (Runner.family.singular, Property.family.singular) == ("runner", "property")


def test_a_folder_inside_a_family_is_another_family() -> None:
    assert {"imp", "omp"} <= set(member_names("schemes", "tombola.schemes"))
    assert "rewinds" not in member_names("schemes", "tombola.schemes")
    assert "pretrained" in member_names("rewinds", "tombola.schemes.rewinds")
