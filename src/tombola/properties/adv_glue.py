"""AdvGLUE: accuracy on texts that attacks or people changed to mislead models, while readers still tell them right.

What: the share told right of a part of AdvGLUE's development texts, judged like the task's test split: its tokeniser
    and length, classes found by their names. Beside it the share by how texts were made (words changed by an attack,
    whole sentences, written by people), and of the texts as they were before, where that is told
    (``original_accuracy``). Parts are small (78 to 162 texts): the 95 % interval of each share (Wilson) stands in the
    detail, and how many texts were cut.
When: tickets of sst2, qqp, mnli, qnli and rte, beside their accuracy: whether sparsity costs more where texts mislead.
    The attacks were made against BERT and RoBERTa, so it is a transfer test for other nets.
Cost: a forward pass over a hundred texts or two, and over those that are told as they were before.
Options: ``root``, the file, or a folder or zip with it; ``part``, by default that of the task's set (``mnli-mm`` where
    mismatched pairs are tested); batch (not part of the identity).
Reference: Wang et al., NeurIPS 2021 (data sets), arXiv 2111.02840.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import torch
from torch import Tensor

from tombola.data._adv_glue import PARTS, Misleading, file_in, misleading
from tombola.data._counts import Counts
from tombola.data._in_zips import contents_of
from tombola.data._text_set import Row
from tombola.data._texts import Texts
from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.outcomes import wilson
from tombola.properties._base import Measurement, Property
from tombola.properties._rows import rows_of
from tombola.properties._test_images import image_scores, outcomes
from tombola.rows import Scalar
from tombola.spec import Json, option
from tombola.tasks._base import Task

_MADE = ("word", "sentence", "human")


@final
class AdvGlue(Property):
    """Accuracy on texts that mislead."""

    ARGUMENT: ClassVar[str | None] = "root"

    root: Path = option(help="AdvGLUE's dev.json, or the folder or zip that holds it", identity=False)
    part: str = option("", f"which part: {', '.join(PARTS)}; empty: that of the task's set")
    batch: int = option(64, "texts a forward pass", identity=False, ge=1)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        """A part as small as can be, of made-up texts."""
        texts = [f"the paper {word} again and again" for word in ("shouted", "sl3pt", "slept quietly", "shouts")]
        rows = [
            {"sentence": text, "original_sentence": text[4:], "label": number % 2, "data_construction": "word"}
            for number, text in enumerate(texts)
        ]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dev.json").write_text(json.dumps({"sst2": rows}), encoding="utf-8")
        return [cls(root=folder, part="sst2")]

    def identity(self) -> dict[str, Json]:
        """With the file's content, where it is here."""
        file = file_in(self.root)
        return {**super().identity(), "content": contents_of([] if file is None else [file])}

    def check(self, task: Task) -> None:
        self._part(task)

    def passes(self, counts: Counts) -> float:
        return 2 * 162  # of the largest part

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        part = self._part(task)
        classes = task.splits().classes
        self._require_classes(task, part)
        texts = misleading(self.root, part, classes)
        before = [text.before for text in texts if text.before is not None]

        def judged(rows: Sequence[Row]) -> Judged:
            shown, cut = rows_of(task, self.name).shown(rows, classes)
            return Judged(shown, cut, image_scores(model, task, shown, self.batch, device_of(session.device)))

        misled = judged([text.row for text in texts])
        found = [misled.share("adv_glue_accuracy", part)]
        found += [judged(before).share("original_accuracy", part)] if before else []
        by_making = ((made, _made(texts, made)) for made in _MADE)
        return [*found, *(misled.some(at).share(f"{made}_accuracy", part) for made, at in by_making if len(at))]

    def _part(self, task: Task) -> str:
        data = rows_of(task, self.name)
        mismatched = getattr(data, "test", "") == "mismatched"
        part = self.part or (f"{data.name}-mm" if mismatched else data.name)
        if part not in PARTS:
            raise RequestError(
                f"adv_glue has the parts {', '.join(PARTS)}, and {part} is none of them; write part=... for a task told"
                " in the classes of one"
            )
        return part

    def _require_classes(self, task: Task, part: str) -> None:
        classes, theirs = task.splits().classes, PARTS[part].classes
        if sorted(classes) != sorted(theirs):
            raise RequestError(
                f"adv_glue: the part {part} is told in the classes {', '.join(theirs)}, and the task in"
                f" {', '.join(classes)}; write another part, or call the task's classes so"
            )


@dataclass(frozen=True)
class Judged:
    """Texts, which of them were cut, and whether each was told right."""

    texts: Texts
    cut: Tensor
    right: Tensor

    def some(self, at: Tensor) -> "Judged":
        """Those at some places."""
        return Judged(self.texts.some(at), self.cut[at], self.right[at])

    def share(self, metric: str, part: str) -> Measurement:
        """The share told right in per cent, its 95 % interval in the detail."""
        right, count = int(self.right.sum()), len(self.right)
        low, high = wilson(right, count)
        detail: dict[str, Scalar] = {
            "part": part,
            "cut": int(self.cut.sum()),
            "low": 100 * low,
            "high": 100 * high,
            "level": 0.95,
        }
        kept = outcomes(self.right, self.texts)
        return Measurement(metric, 100 * right / count, count, "%", detail=detail, outcomes=kept)


def _made(texts: Sequence[Misleading], made: str) -> Tensor:
    return torch.tensor([place for place, text in enumerate(texts) if text.made == made], dtype=torch.int64)
