"""``auto`` is decided before there is a key: the key, the row and the report say in which precision it was."""

import pickle
from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, network
from tests.study.toys import STUDY

from tombola.batch import Batch
from tombola.fitting import devices
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.fitting.trainings import precision_of
from tombola.spec import build
from tombola.study.plan import Plan
from tombola.study.runners._base import torch_threads
from tombola.study.stages import PretrainStage
from tombola.study.study import Study
from tombola.transfers._base import Transfer


def on(monkeypatch: pytest.MonkeyPatch, *, bfloat16: bool) -> None:
    """As if this machine multiplied bfloat16, or did not."""
    monkeypatch.setattr(devices, "multiplies_bfloat16", lambda _: bfloat16)


def keys(precision: str | None) -> list[str]:
    given: dict[str, Any] = {} if precision is None else {"precision": precision}
    fits = {**STUDY["pretrain"], **given}, {**STUDY["transfer"]["fit"], **given}
    study = Study.of({**STUDY, "pretrain": fits[0], "transfer": {"name": "finetune", "fit": fits[1]}})
    return list(Plan.of(study).stages)


def test_two_machines_that_take_auto_differently_share_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, bfloat16=True)
    fast = keys("auto")
    assert fast == keys("bfloat16")
    on(monkeypatch, bfloat16=False)
    assert keys("auto") == keys("float32") == keys(None)
    assert not set(fast) & set(keys("auto"))


def test_what_was_decided_travels_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, bfloat16=True)
    sent = pickle.dumps(Fit(precision="auto"))
    on(monkeypatch, bfloat16=False)
    assert pickle.loads(sent).precision == "bfloat16"
    assert pickle.loads(sent).replace(batch=8).identity()["precision"] == "bfloat16"


def test_a_key_of_a_written_precision_is_what_it_was_before_auto_was_decided() -> None:
    """Stores that were made with ``precision: float32`` keep all they hold."""
    fit = {"epochs": "2it", "batch": 20, "precision": "float32"}
    stage = PretrainStage.model_validate({"model": {"name": "resnet8", "width": 0.25}, "task": "digits", "fit": fit})
    assert stage.key == "a511057545ddce93c03cc0b1216040b2389077005328f71cbbdd1143801869ce"


@pytest.mark.parametrize(
    ("precisions", "said"),
    [
        (("float32",), "float32"),
        (("bfloat16",), "bfloat16"),
        ((), "float32"),
        (("float32", "bfloat16"), "bfloat16 and float32"),
    ],
)
def test_the_precision_behind_a_row_is_that_of_all_its_trainings(precisions: tuple[str, ...], said: str) -> None:
    trained = [build(Fit, {"precision": precision}) for precision in precisions]
    assert precision_of([Transfer.parse({"name": "finetune", "fit": fit}) for fit in trained]) == said


class Asking(Toy):
    """The toy task, which notes how float32 is multiplied when it augments."""

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        SEEN.append(settings())
        return batch


Asking.name = "toy"
SEEN: list[tuple[bool, str]] = []


def settings() -> tuple[bool, str]:
    return torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()


def test_float32_is_float32_whatever_the_process_was_set_to() -> None:
    """Else a GPU's TF32 would stand under the same key; what was set comes back."""
    begun = settings()
    torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")
    try:
        build(Fit, {"epochs": "1it", "batch": 8}).run(network(), Asking(), seed=0, session=Session())
        with torch_threads(1):
            SEEN.append(settings())
        assert SEEN == [(False, "highest")] * 2
        assert settings() == (True, "high")
    finally:
        torch.backends.cudnn.allow_tf32 = begun[0]
        torch.set_float32_matmul_precision(begun[1])
