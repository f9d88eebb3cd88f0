"""A run counts as interrupted by what it lost."""

from pathlib import Path

import pytest

from tombola.benching.interrupting import LOST, Watch, preemptions, waited


def watched(preempted: list[int], waiting: list[float | None]) -> Watch:
    """A watch that reads these one after the other."""
    return Watch(iter(preempted).__next__, iter(waiting).__next__)


def test_what_lost_a_moment_was_not_interrupted_and_what_lost_more_was() -> None:
    assert not watched([4, 5], [1.0, 1.0 + 0.9 * LOST]).interrupted(1.0)
    assert watched([4, 5], [1.0, 1.0 + 1.1 * LOST]).interrupted(1.0)
    assert not watched([4, 5], [1.0, 1.0 + 1.1 * LOST]).interrupted(2.0)


def test_threads_that_wait_for_each_other_were_not_interrupted() -> None:
    assert not watched([4, 4], [1.0, 9.0]).interrupted(1.0)


@pytest.mark.parametrize("waiting", [[None, None], [None, 1.0], [1.0, None]])
def test_where_the_system_does_not_say_how_long_any_preemption_counts(waiting: list[float | None]) -> None:
    assert watched([4, 5], waiting).interrupted(1.0)
    assert not watched([4, 4], waiting).interrupted(1.0)


def test_the_waiting_of_all_threads_is_added_up(tmp_path: Path) -> None:
    for thread, text in {"7": "10 1500000000 3\n", "8": "10 500000000 3\n"}.items():
        (tmp_path / thread).mkdir()
        (tmp_path / thread / "schedstat").write_text(text)
    assert waited(tmp_path) == 2.0
    (tmp_path / "9").mkdir()
    assert waited(tmp_path) is None
    assert waited(tmp_path / "nothing") is None


def test_the_system_counts_up() -> None:
    assert preemptions() >= 0
    assert waited() is None or waited() >= 0  # type: ignore[operator]  # None came first
