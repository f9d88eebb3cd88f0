"""Nothing that adapts, trains or draws looks at a test image: the split is there, and to look at it raises."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, network
from tests.transfers.words import asked_of
from torch import Tensor

from tombola import verbs
from tombola.data._base import Images, Splits
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.schemes._base import Scheme
from tombola.transfers._base import Transfer

FIT = {"epochs": "2ep", "batch": 16, "optimizer": {"lr": 0.05}, "precision": "float32"}
JUDGED = {**FIT, "select": "best_val"}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "linear": [{}, {"bn": "recalibrated", "refit": "train+val"}],
    "linear_sgd": [{"fit": JUDGED, "bn": bn} for bn in ("frozen", "recalibrated", "adapt")],
    "finetune": [{"fit": JUDGED}, {"fit": {**FIT, "ema": 0.9}}],
}
"""How each transfer is tried, so that it chooses where it can; one more is tried as it is."""


class LookedAt(Exception):
    """A test image or label was asked for."""


@dataclass(frozen=True)
class Sealed(Images):
    """As many images as there are, none of which may be seen."""

    whole: Images

    @property
    def labels(self) -> Tensor:  # type: ignore[override]  # may not be read
        raise LookedAt

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.whole.classes

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.whole.size

    def __len__(self) -> int:
        return len(self.whole)

    def pixels_at(self, indices: Tensor) -> Tensor:
        raise LookedAt


class SealedToy(Toy):
    """The toy task, whose test split is sealed."""

    def splits(self) -> Splits:
        whole = super().splits()
        return Splits(whole.train, whole.val, Sealed(whole.test))


SealedToy.name = "toy"


SECONDS = "retrain"
"""It trains as `finetune` does, twice as long."""
NAMES = [pytest.param(name, marks=pytest.mark.slow if name == SECONDS else []) for name in Transfer.family.names()]


@pytest.mark.parametrize("name", NAMES)
def test_a_transfer_looks_at_no_test_image_and_comes_out_the_same_without(name: str) -> None:
    for options in OPTIONS.get(name, [{}]):
        way = Transfer.parse({"name": name, **options})
        model, kept, given = asked_of(way)
        if not isinstance(given, Toy):
            continue  # of texts: test_prompt.py seals those
        sealed, open_ = (way.adapt(model, kept, task, seed=0, session=Session()) for task in (SealedToy(), Toy()))
        assert weights_digest(sealed) == weights_digest(open_)


@pytest.mark.parametrize("scheme", [{"name": "imp", "level": 2, "fit": JUDGED, "prunable": "re:.*weight"},
                                    {"name": "lmp", "fit": {**JUDGED, "optimizer": {"lr": 5.0}}},
                                    {"name": "omp", "score": "taylor"}])  # fmt: skip
def test_a_scheme_that_looks_at_a_task_looks_at_no_test_image(scheme: dict[str, Any]) -> None:
    how = Scheme.parse({"sparsity": 0.5, **scheme} if "level" not in scheme else scheme)
    assert list(how.draw(network(), SealedToy(), seed=0, session=Session()))


def test_pretraining_chooses_its_weights_on_validation_images() -> None:
    sealed, open_ = (verbs.pretrain(network(), task, JUDGED, seed=0) for task in (SealedToy(), Toy()))
    assert weights_digest(sealed) == weights_digest(open_)


def test_the_seal_holds() -> None:
    with pytest.raises(LookedAt):
        verbs.measure(network(), SealedToy(), "accuracy")
    assert torch.equal(SealedToy().splits().val.labels, Toy().splits().val.labels)
