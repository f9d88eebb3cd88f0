"""`Rewards`: what prompts are worth on the training texts. Each is asked once, and how many were asked is counted."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from tombola.disks import told
from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.readers import Reader
from tombola.transfers.prompt.reward import mean_log_odds, reward


@final
class Rewards:
    """Asked for prompts as token ids. With a file, what was asked is there when a killed search begins again."""

    def __init__(self, reader: Reader, labels: Tensor, *, calibrated: bool, file: Path | None = None) -> None:
        self._reader, self._labels, self._calibrated, self._file = reader, labels, calibrated, file
        self._known: dict[Ids, float] = _read(file)
        self._asked: dict[Ids, float] = {}

    def __call__(self, prompts: Sequence[Ids]) -> Tensor:
        """Their rewards, float64."""
        return torch.tensor([self._one(prompt) for prompt in prompts], dtype=torch.float64)

    @property
    def calls(self) -> int:
        """How many different prompts were asked."""
        return len(self._asked)

    def asked(self, prompt: Ids) -> bool:
        """Whether it was asked before."""
        return prompt in self._asked

    def best(self) -> tuple[Ids, float]:
        """The prompt of the highest reward, of equal ones the first asked; the empty one where none was asked."""
        if not self._asked:
            self([()])
        found = max(self._asked, key=lambda prompt: self._asked[prompt])  # max gives the first of equals
        return found, self._asked[found]

    def offsets(self, prompt: Ids) -> tuple[float, ...]:
        """What is taken off each class's logit: the classes' mean log-odds on the texts; nothing uncalibrated."""
        logits = self._reader.logits(prompt)
        return tuple(mean_log_odds(logits).tolist()) if self._calibrated else (0.0,) * logits.shape[1]

    def _one(self, prompt: Ids) -> float:
        if prompt not in self._asked:
            self._asked[prompt] = self._known[prompt] if prompt in self._known else self._new(prompt)
        return self._asked[prompt]

    def _new(self, prompt: Ids) -> float:
        logits = self._reader.logits(prompt)
        found = reward(logits - mean_log_odds(logits) if self._calibrated else logits, self._labels)
        if self._file is not None:
            _append(self._file, prompt, found)
        return found


def _append(file: Path, prompt: Ids, found: float) -> None:
    """A line more: what a search writes grows with what it asks, not with the square of that."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with told(file), file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps([list(prompt), found]) + "\n")


def _read(file: Path | None) -> dict[Ids, float]:
    """What was asked before. A line that a kill cut short, and what was written behind it there, is asked again."""
    known: dict[Ids, float] = {}
    for line in [] if file is None or not file.is_file() else file.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):
            ids, known_reward = json.loads(line)
            known[tuple(ids)] = known_reward
    return known
