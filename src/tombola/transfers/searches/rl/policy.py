"""The policy that writes prompts: a frozen language model, two linear layers to train, and the frozen words again."""

import copy
from typing import Final, final

import torch
from torch import Tensor, nn

from tombola.models.embeddings import table_of
from tombola.models.network import Network
from tombola.transfers.prompt.form import Ids, around
from tombola.transfers.searches._base import Language

_GAIN: Final = 1e-4
_BIAS: Final = -1e-4


@final
class Policy(nn.Module):
    """Logits of each word that may be written, from states (..., D): near zero at first, so that all are as likely."""

    def __init__(self, width: int, rows: Tensor, hidden: int, drawn: torch.Generator) -> None:
        super().__init__()
        with torch.device("meta"):
            layers = nn.Linear(width, hidden), nn.Linear(hidden, rows.shape[1])
        for layer in layers:
            layer.to_empty(device="cpu")
            nn.init.xavier_uniform_(layer.weight, gain=_GAIN, generator=drawn)
            nn.init.constant_(layer.bias, _BIAS)
        self.layers = nn.Sequential(layers[0], nn.ReLU(), layers[1])
        self._rows = rows.detach()

    def forward(self, states: Tensor) -> Tensor:
        found: Tensor = self.layers(states) @ self._rows.T
        return found

    def slow_copy(self) -> "Policy":
        """One that follows by `follow`."""
        return copy.deepcopy(self).requires_grad_(requires_grad=False)

    @torch.no_grad()
    def follow(self, other: "Policy", rate: float) -> None:
        """A step of the rate towards another one's weights."""
        for own, theirs in zip(self.parameters(), other.parameters(), strict=True):
            own.lerp_(theirs, rate)


@final
class States:
    """What the frozen network's last layer holds behind the words written so far; each beginning is read once.

    They begin as the tokeniser begins texts; where it puts nothing before them, with the token that fills texts up,
    which language models end texts with. A masked model is asked at its mask.
    """

    def __init__(self, language: Language) -> None:
        self._network, self._tail = language.network, language.form.tail
        self._begin = around(language.cutting)[0] or (language.cutting.pad,)
        self._known: dict[Ids, Tensor] = {}

    @torch.no_grad()
    def __call__(self, written: list[Ids]) -> Tensor:
        """(P, D) for P beginnings."""
        for prompt in dict.fromkeys(written):
            if prompt not in self._known:
                self._known[prompt] = self._read(prompt)
        return torch.stack([self._known[prompt] for prompt in written])

    def _read(self, prompt: Ids) -> Tensor:
        ids = [*self._begin, *prompt, *self._tail]
        at = len(self._begin) + len(prompt) - (0 if self._tail else 1)
        device = next(self._network.parameters()).device
        x, place = torch.tensor([ids], device=device), torch.tensor([[at]], device=device)
        return self._network.features(x, at=place)[0].float().cpu()


def rows_of(network: Network, words: list[int]) -> Tensor:
    """The vectors of the words that may be written, (V, D), on the CPU."""
    return table_of(network.body).weight.detach()[words].float().cpu()
