"""A net that reads words and needs no library: embeddings, one layer with places, the words' mean or the words."""

import torch
from torch import Tensor, nn

from tombola.models.encoders import tokens_at
from tombola.models.heads._base import ShowsTokens
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network


class Reader(ShowsTokens):
    """Vectors of words, a linear layer over each, and what the mask counts on average."""

    def __init__(self, words: int, width: int, outputs: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.layers = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width)])
        self.classifier: nn.Module = nn.Linear(width, outputs)

    def forward(
        self,
        ids: Tensor,
        attention_mask: Tensor,
        at: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> Tensor:
        own = self.words(ids)
        counted = attention_mask[..., None].to(own.dtype)
        about = self.layers[0]((own * counted).sum(1) / counted.sum(1).clamp_min(1))
        tokens = torch.tanh(self.layers[1](own) + about[:, None])
        if self.reads == "tokens":
            shown = tokens if at is None else tokens_at(tokens, at)
        else:
            shown = (tokens * counted).sum(1) / counted.sum(1).clamp_min(1)
        found: Tensor = self.classifier(shown)
        return found


def reader(words: int = 300, width: int = 12, outputs: int = 2, seed: int = 0) -> Network:
    """A small net of words, random by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = Reader(words, width, outputs)
    return Network(body, Words(), source="toy reader", head="classifier").eval()
