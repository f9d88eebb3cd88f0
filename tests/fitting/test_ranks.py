"""Several processes train one network: same bits as one process, one exchange a step, and faults are told."""

from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.fitting import on_ranks
from tests.fitting.on_ranks import KINDS, digests, everything, fit, interrupted, trained

from tombola.errors import OptionError, StageError
from tombola.fitting.launching import run_on_ranks
from tombola.fitting.ranks import ALONE, Ranks
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest

FREE = fit(objective=on_ranks.FREE, checkpoint_every="1it")
NATURAL = fit(checkpoint_every="1it")
pytestmark = pytest.mark.timeout(400)  # on a busy machine, starting two processes takes a minute
SPECIAL = ("head", "lmp", "imp", "early", "scenes")

Found: TypeAlias = tuple[list[dict[str, Any]], Path]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What two processes found, started once for all tests."""
    folder = tmp_path_factory.mktemp("ranks")
    interrupted(folder / "begun_alone", FREE, good=4)
    return run_on_ranks(partial(everything, folder), 2, timeout=100), folder


@pytest.fixture(scope="module")
def alone() -> dict[str, str]:
    return digests()


@pytest.mark.parametrize("kind", [*KINDS, *SPECIAL])
def test_two_processes_end_with_the_bits_of_one(kind: str, found: Found, alone: dict[str, str]) -> None:
    assert [each["digests"][kind] for each in found[0]] == [alone[kind]] * 2


def test_a_step_exchanges_gradients_once_however_long_the_attack(found: Found) -> None:
    for each in found[0]:
        assert each["short"]["c10d::allreduce_"] == 4  # a step each; the network is one bucket
        assert each["long"] == each["short"]


def test_a_training_begun_by_two_processes_is_continued_by_one(found: Found) -> None:
    folder = found[1]
    assert max((folder / "free").glob("*.safetensors")).name == "step-000000004.safetensors"
    for name, recipe in (("natural", NATURAL), ("free", FREE)):
        assert weights_digest(trained(recipe, Session(folder / name))) == weights_digest(trained(recipe))


def test_a_training_begun_by_one_process_is_continued_by_two(found: Found) -> None:
    assert [each["continued"] for each in found[0]] == [weights_digest(trained(FREE))] * 2


def test_processes_that_differ_are_told_all_of_them(found: Found) -> None:
    for each in found[0]:
        told = each["refusals"]
        assert "differ in what they are to train" in told["masks"]
        assert "differ in what they are to train" in told["seeds"]
        assert "differ in the weights or masks they ended with" in told["end"]
        assert "train it in one process" in told["unused"]


def test_a_training_of_one_part_is_not_shared(found: Found) -> None:
    assert [each["alone"] for each in found[0]] == [weights_digest(trained(fit(shards=1)))] * 2


def test_parts_are_dealt_to_processes_as_neighbours() -> None:
    assert [list(Ranks(index, 4).dealt(8)) for index in range(4)] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert list(ALONE.dealt(2)) == [0, 1]


def test_alone_everything_is_said_to_oneself() -> None:
    assert ALONE.first
    assert ALONE.told("this") == "this"
    assert ALONE.gathered(3) == [3]
    assert ALONE.by_first(lambda: 4) == 4
    ALONE.require_same("nothing", "x")


def test_more_gpus_than_there_are_is_an_error() -> None:
    with pytest.raises(OptionError, match="99 processes need 99 GPUs"):
        run_on_ranks(on_ranks.fails, 99, "nccl")


@pytest.mark.slow
def test_four_processes_end_with_the_bits_of_one(alone: dict[str, str]) -> None:
    assert run_on_ranks(on_ranks.four_of_them, 4) == [{kind: alone[kind] for kind in ("four", "eight")}] * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "timeout", "told"),
    [
        (on_ranks.fails, 100, "process 1 of 2: ValueError: no such thing"),
        (on_ranks.dies, 100, "process 1 of 2: it ended by SIGKILL"),
        (on_ranks.hangs, 4, "process 0 of 2: .*Timed out"),
        (on_ranks.cannot_be_dealt, 100, "shards=2 cannot be dealt out evenly to 3 processes"),
    ],
)
def test_a_process_that_fails_ends_the_others(fault: Any, timeout: float, told: str) -> None:
    count = 3 if fault is on_ranks.cannot_be_dealt else 2
    with pytest.raises((StageError, OptionError, ValueError), match=told):
        run_on_ranks(fault, count, timeout=timeout)
