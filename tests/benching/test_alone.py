"""Benches of one machine take turns: who waits is told, and goes on when the other is done."""

from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from tombola.benching.alone import alone
from tombola.fitting.session import Silent


class Told(Silent):
    """Lets the other bench end as soon as somebody says that they wait."""

    def __init__(self, other: FileLock) -> None:
        self.other, self.notes = other, list[str]()

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.other.release()


def test_who_has_to_wait_is_told_and_goes_on(tmp_path: Path) -> None:
    other = FileLock(tmp_path / "lock")
    other.acquire()
    told = Told(other)
    with alone(told, tmp_path / "lock"), pytest.raises(Timeout):
        other.acquire(timeout=0)
    assert len(told.notes) == 1
    assert "another bench" in told.notes[0]


def test_the_first_is_told_nothing_and_leaves_its_place_where_it_fails(tmp_path: Path) -> None:
    other = FileLock(tmp_path / "lock")
    told = Told(other)
    with pytest.raises(RuntimeError), alone(told, tmp_path / "lock"):
        raise RuntimeError
    other.acquire(timeout=0)
    other.release()
    assert not told.notes
