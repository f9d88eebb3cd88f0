"""A dense teacher in a study: adapted once for all tickets, and part of their keys."""

from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY

from tombola.errors import OptionError
from tombola.study.plan import Plan
from tombola.study.run import run
from tombola.study.stages import DenseTransferStage, TransferStage
from tombola.study.store import Store
from tombola.study.study import Study

FIT: dict[str, Any] = STUDY["transfer"]["fit"]
TAUGHT: dict[str, Any] = {
    **{name: value for name, value in STUDY.items() if name != "axes"},
    "transfer": {"name": "finetune", "fit": {**FIT, "objective": "distill"}},
    "axes": {"draw.sparsity": [0.5, 0.8]},
}


def transfers(study: dict[str, Any]) -> tuple[list[TransferStage], list[DenseTransferStage]]:
    stages = Plan.of(Study.of(study)).stages.values()
    return [one for one in stages if isinstance(one, TransferStage)], [
        one for one in stages if isinstance(one, DenseTransferStage)
    ]


def test_all_tickets_share_one_dense_teacher_that_learns_from_none() -> None:
    taught, dense = transfers(TAUGHT)
    assert len(taught) == 2
    assert len(dense) == 1
    assert all(one.dense is not None and one.dense.key == dense[0].key for one in taught)
    assert dense[0].transfer == Study.of({**TAUGHT, "transfer": STUDY["transfer"]}).cells()[0].experiment.transfer
    assert transfers({**TAUGHT, "transfer": STUDY["transfer"]})[1] == []


def test_what_the_teacher_is_made_from_is_in_the_key() -> None:
    other = {**TAUGHT, "pretrain": {**STUDY["pretrain"], "epochs": "3it"}}
    assert {one.key for one in transfers(TAUGHT)[0]}.isdisjoint(one.key for one in transfers(other)[0])


def test_a_study_is_taught(tmp_path: Path) -> None:
    rows = run(Study.of(TAUGHT), Store(tmp_path)).rows
    assert len(rows) == 2


def test_pretraining_has_no_dense_net_to_learn_from() -> None:
    with pytest.raises(OptionError, match="is what a transfer adapts"):
        Plan.of(Study.of({**TAUGHT, "pretrain": {**STUDY["pretrain"], "objective": "distill"}}))
