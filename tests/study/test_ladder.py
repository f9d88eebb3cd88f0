"""A ladder through a store: killed at a level it continues there, and a longer one climbs on from a shorter one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY

from tombola.fitting.session import Session, Silent
from tombola.models.source import Source
from tombola.schemes._base import Scheme
from tombola.study.ladder import Ladder
from tombola.study.plan import Plan
from tombola.study.stages import DrawStage
from tombola.study.store import Store
from tombola.study.study import Study
from tombola.tasks._base import Task

FIT = {"epochs": "4it", "batch": 20, "checkpoint_every": "1it", "precision": "float32"}
SOURCE = Source.parse({"name": "resnet8", "width": 0.25})


def ladder(level: int, **options: Any) -> Ladder:
    scheme = Scheme.parse({"name": "imp", "level": level, "ladder": "geometric:0.4", "fit": FIT, **options})
    return Ladder.of(SOURCE, scheme, Task.parse({"name": "digits", "num_train": 60}), seed=0)


def climb(one: Ladder, store: Store) -> int:
    """How many stages ran."""
    return len(one.climb(store, device="cpu", reporter=Silent()).made)


def test_a_ladder_killed_in_the_middle_of_level_three_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = Store(tmp_path / "straight")
    assert climb(ladder(4), straight) == 5  # the model and four levels

    store, steps = Store(tmp_path / "killed"), _Killed(monkeypatch, level=3, after=2)
    outcome = ladder(4).climb(store, device="cpu", reporter=Silent())
    assert outcome.interrupted
    tally = ladder(4).tally(store)
    assert (tally.total, tally.cached, tally.to_run) == (4, 2, 2)
    steps.calm()
    assert climb(ladder(4), store) == 2
    assert steps.trained == {3: 2, 4: 4}  # level 3 went on at its third step
    assert ladder(4).ticket(store).masks == ladder(4).ticket(straight).masks


def test_a_longer_ladder_climbs_on_and_a_shorter_one_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert climb(ladder(2), store) == 3
    assert climb(ladder(4), store) == 2
    assert climb(ladder(3), store) == 0
    assert ladder(3).ticket(store).masks.sparsity == pytest.approx(1 - 0.6**3, abs=1e-3)


def test_rungs_below_a_finished_one_need_not_be_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    climb(ladder(3), store)
    top = ladder(3).rungs[-1]
    store.gc(keep=[top.key])
    assert ladder(3).tally(store).to_run == 0
    assert ladder(3).missing(store) == {}


@pytest.mark.slow
def test_a_rewound_state_travels_with_the_rungs(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = ladder(3, rewind="early:2it", head="kept")
    assert climb(one, store) == 5
    assert one.ticket(store).kind == "self-contained"
    in_one_go = Store(tmp_path / "again")
    climb(one, in_one_go)
    assert one.ticket(in_one_go).masks == one.ticket(store).masks


def test_a_study_stores_each_level_once_over_sparsities_and_transfers() -> None:
    draw = {"name": "imp", "fit": FIT}
    axes = {"draw.level": [1, 2, 3], "transfer": ["linear", {"label": "tune", **STUDY["transfer"]}]}
    plan = Plan.of(Study.of({**STUDY, "draw": draw, "draw_on": "target", "axes": axes}))
    kinds = plan.counts(frozenset().__contains__).kinds
    assert (kinds["draw"].total, kinds["transfer"].total) == (3, 6)


class _Killed:
    """Counts the optimizer steps of each level, and raises Ctrl-C after so many of one."""

    def __init__(self, patch: pytest.MonkeyPatch, level: int, after: int) -> None:
        from tombola.fitting.stepping import Stepping

        self.trained: dict[int, int] = {}
        self._stop: tuple[int, int] | None = (level, after)
        self._level = 0
        step, work = Stepping._update, DrawStage.work

        def counted(stepping: Stepping, number: int) -> None:
            if self._stop == (self._level, self.trained.get(self._level, 0)):
                raise KeyboardInterrupt
            self.trained[self._level] = self.trained.get(self._level, 0) + 1
            step(stepping, number)

        def watched(stage: DrawStage, folders: Mapping[str, Path], out: Path, session: Session) -> None:
            self._level = stage.scheme.number  # type: ignore[attr-defined]  # IMP's
            work(stage, folders, out, session)

        patch.setattr(Stepping, "_update", counted)
        patch.setattr(DrawStage, "work", watched)

    def calm(self) -> None:
        """Never again, and count from nothing."""
        self._stop = None
        self.trained.clear()
