"""`Rewards`: what prompts are worth on the training texts. Each is asked once, and how many were asked is counted."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.kept import Kept
from tombola.transfers.prompt.readers import Reader
from tombola.transfers.prompt.reward import mean_log_odds, reward


@final
class Rewards:
    """Asked for prompts as token ids. What was kept of a killed search is known when it begins again."""

    def __init__(self, reader: Reader, labels: Tensor, *, calibrated: bool, kept: Kept | None = None) -> None:
        self._reader, self._labels, self._calibrated, self._kept = reader, labels, calibrated, kept
        self._known: dict[Ids, float] = {} if kept is None else kept.read()
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
        if self._kept is not None:
            self._kept.add(prompt, found)
        return found
