"""What is looked at before training, with times from a table: two rungs of a ladder tell of those between."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tombola.fitting.session import Silent
from tombola.models.source import Source
from tombola.race import looking
from tombola.race.entrants import NOTHING, Entrant, Ladder, for_dense
from tombola.race.family import smaller_nets
from tombola.race.finish import Timed
from tombola.race.known import Beside
from tombola.race.looking import Looking, yardstick
from tombola.race.notebook import Notebook
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task

DENSE = [Timed("onnxruntime", 4.0, 400), Timed("openvino", 5.0, 400), Timed("openvino:int8", 2.0, 100)]
WANTED = Wanted(Source.parse("resnet20"), Task.parse("digits"))


def entrant(sparsity: float, *engines: str) -> Entrant:
    return Entrant(f"{sparsity:.0%}", {**NOTHING, "sparsity": sparsity}, engines or ("native",))


LADDER = Ladder("blocks", [entrant(0.5), entrant(0.7), entrant(0.9)])


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Labels of the entrants timed: four milliseconds of what is left, ten times as many of bytes."""
    found: list[str] = []

    def timed(_: object, entrant: Entrant, *__: object) -> tuple[Sequence[Timed], str]:
        found.append(entrant.label)
        left = 1 - entrant.sparsity
        return [Timed(name, 4 * left, round(40 * left)) for name in entrant.engines], ""

    monkeypatch.setattr(looking, "timed", timed)
    monkeypatch.setattr(looking, "headed", lambda *_: None)
    monkeypatch.setattr(looking, "foretold", lambda *_: None)
    monkeypatch.setattr(looking, "prepared", lambda _, yardstick, *__: Beside(yardstick, Path()))
    return found


def look(tmp_path: Path) -> Looking:
    return Looking(WANTED, Notebook.opened(tmp_path / "made", "mine"), "cpu", Silent(), str(tmp_path))


def test_the_ends_of_a_ladder_are_timed_and_tell_of_what_lies_between(tmp_path: Path, seen: list[str]) -> None:
    here = look(tmp_path)
    found = here.at_ladder(LADDER, DENSE, to_beat=2.0)
    assert [one.label for one in found.rungs] == ["50%", "70%", "90%"]
    assert seen == ["90%", "50%"], "the cheapest first"
    assert here.book.known["70%"] == [Timed("native", pytest.approx(1.2), 12)]  # type: ignore[arg-type]
    look(tmp_path).at_ladder(LADDER, DENSE, to_beat=2.0)
    assert len(seen) == 2, "the notebook knows"


def test_where_not_even_the_sparsest_is_cheaper_no_other_is_looked_at(tmp_path: Path, seen: list[str]) -> None:
    here = look(tmp_path)
    assert [one.label for one in here.at_ladder(LADDER, DENSE, to_beat=0.3).rungs] == ["90%"]
    assert seen == ["90%"]
    assert set(here.unlooked(LADDER, 0.3)) == {"50%", "70%"}
    assert "not even 90% costs less" in here.unlooked(LADDER, 0.3)["70%"]


def test_what_the_model_of_costs_finds_far_too_slow_is_not_built(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "foretold", lambda *_: 3.0)
    here = look(tmp_path)
    assert here.at_ladder(LADDER, DENSE, to_beat=1.4).rungs == []
    assert seen == []
    assert "foretells 3 ms, and a dense net takes 1.4" in here.unlooked(LADDER, 1.4)["70%"]
    assert [one.label for one in here.at_ladder(Ladder("other", [entrant(0.8)]), DENSE, to_beat=1.6).rungs] == ["80%"]


def test_rungs_that_could_win_race_where_the_first_ones_are_ruled_out(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "foretold", lambda _, rung, __: 10 * (1 - rung.sparsity))
    ladder = Ladder("blocks", [entrant(sparsity) for sparsity in (0.5, 0.7, 0.8, 0.9, 0.95)])
    here = look(tmp_path)
    found = here.at_ladder(ladder, DENSE, to_beat=1.2)
    assert [one.label for one in found.rungs] == ["80%", "90%", "95%"]
    assert seen == ["95%", "80%"]
    assert [one.ms for one in here.book.known["90%"]] == pytest.approx([0.4])
    assert set(here.book.impossible) == {"50%", "70%"}
    assert here.unlooked(ladder, to_beat=1.2) == {}
    again = look(tmp_path).at_ladder(ladder, DENSE, to_beat=1.2)
    assert (again.rungs, len(seen)) == (found.rungs, 2), "the notebook knows"


def test_a_first_rung_that_cannot_be_built_leaves_the_others_to_race(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: Any = vars(looking)["timed"]

    def first_fails(network: object, rung: Entrant, *others: object) -> tuple[Sequence[Timed], str]:
        return ((), "no compiler") if rung.label == "50%" else timed(network, rung, *others)

    monkeypatch.setattr(looking, "timed", first_fails)
    here = look(tmp_path)
    assert [one.label for one in here.at_ladder(LADDER, DENSE, to_beat=2.0).rungs] == ["70%", "90%"]
    assert (seen, here.book.impossible) == (["90%", "70%"], {"50%": "no compiler"})


@pytest.mark.usefixtures("seen")
def test_no_rung_is_said_to_cost_too_much_that_has_no_engine(tmp_path: Path) -> None:
    here, ladder = look(tmp_path), Ladder("channels", [entrant(0.5, "shrunk:torch"), entrant(0.7)])
    assert [one.label for one in here.at_ladder(ladder, DENSE, to_beat=9.0).rungs] == ["70%"]
    assert here.unlooked(ladder, 9.0) == {"50%": "no engine that runs the dense net best would run it"}


@pytest.mark.usefixtures("seen")
def test_smaller_layers_run_in_the_engines_that_run_the_dense_net_best(tmp_path: Path) -> None:
    names = ("shrunk:onnxruntime", "shrunk:openvino", "shrunk:openvino:int8", "shrunk:onnxruntime:int8")
    found = look(tmp_path).at_ladder(Ladder("channels", [entrant(0.5, *names)]), DENSE, to_beat=9.0)
    assert found.rungs[0].engines == ["shrunk:onnxruntime", "shrunk:openvino:int8"]
    assert for_dense(entrant(0.5), ["openvino"]).engines == ["native"], "ours is no program's"
    assert yardstick(DENSE) == DENSE[0], "in float32"


@pytest.mark.usefixtures("seen")
def test_where_ours_runs_the_dense_net_best_nothing_smaller_is_built_for_others(tmp_path: Path) -> None:
    dense = [*DENSE, Timed("native:int8", min(one.ms for one in DENSE) / 2, 10)]
    names = ("shrunk:onnxruntime", "shrunk:openvino:int8", "native:int8")
    ladder = Ladder("channels", [entrant(0.5, *names)])
    assert look(tmp_path).at_ladder(ladder, dense, to_beat=9.0).rungs[0].engines == ["native:int8"]
    assert look(tmp_path).at_ladder(ladder, DENSE, to_beat=9.0).rungs[0].engines[-1] == "native:int8"
    assert len(look(tmp_path).at_ladder(ladder, DENSE, to_beat=9.0).rungs[0].engines) > 1


def test_smaller_nets_of_the_family_race_where_their_weights_are_at_hand() -> None:
    ladder, left = smaller_nets(WANTED, ["torch"])
    assert [one.label for one in ladder.rungs] == ["resnet8"]
    assert left == {}
    of_file = Source.parse({"name": "path:x.npz", "arch": "resnet20"})
    assert "which file holds a smaller net's nobody said" in str(smaller_nets(Wanted(of_file, WANTED.task), [])[1])
