"""A toy language model and texts that name their class: what transfers that refuse pictures are tried on."""

from typing import Any

import torch
from tests.contract.checks.room import pruned
from tests.fitting import toys
from torch import Tensor, nn

from tombola.data._text_set import Row, Rows, RowSet
from tombola.data._tokens import Written
from tombola.errors import RequestError
from tombola.masks.masks import Masks
from tombola.models.embeddings import table_of
from tombola.models.heads._base import Reads, ShowsTokens
from tombola.models.heads.lm import NextWord
from tombola.models.heads.mlm import TiedDecoder
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.spec import Json
from tombola.tasks._base import Task
from tombola.tasks.text import TextClassification
from tombola.transfers._base import Transfer

WORDS = 200
WIDTH = 48
CLASSES = ("calm", "loud", "odd")
FILLS = ("river", "stone", "paper", "light", "window", "garden")


class Said(RowSet):
    """Short texts in which one word names the class."""

    tokenizer: str = f"plain:{WORDS}"
    count: int = 30

    def rows(self) -> Rows:
        made = [_row(number) for number in range(self.count + 24)]
        return Rows(CLASSES, made[: self.count], made[self.count : self.count + 12], made[self.count + 12 :])

    def content(self) -> Json:
        return self.count


Said.name = "said"


def _row(number: int) -> Row:
    label = number % len(CLASSES)
    fill = FILLS[number // 3 % len(FILLS)]
    return Row(Written(f"the {fill} is {CLASSES[label]}{' again' * (number % 4)}"), label)


class Telling(ShowsTokens):
    """At each token the sum of the words up to there, whatever their order, and a logit a word."""

    reads: Reads = "tokens"

    def __init__(self, *, masked: bool = False) -> None:
        super().__init__()
        self.table = nn.Embedding(WORDS, WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.masked = masked
        self.classifier: nn.Module = NextWord(self.table)

    def forward(self, ids: Tensor, attention_mask: Tensor | None = None, at: Tensor | None = None) -> Tensor:
        seen = torch.ones_like(ids) if attention_mask is None else attention_mask
        words = self.table(ids) * seen[..., None]
        before = words.sum(1, keepdim=True).expand_as(words) if self.masked else words.cumsum(1)
        shown = self.mix(before)
        if at is not None:
            shown = shown.gather(1, at[..., None].expand(-1, -1, WIDTH))
        found: Tensor = self.classifier(shown if self.reads == "tokens" else shown[:, -1])
        return found


def network(*, masked: bool = False, seed: int = 0) -> Network:
    """A language model of the next word or of hidden ones, whose words are likelier where they were said."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = Telling(masked=masked)
        with torch.no_grad():
            body.mix.weight.copy_(torch.eye(WIDTH) + 0.01 * torch.randn(WIDTH, WIDTH)).mul_(0.3)
            body.mix.bias.zero_()
            if masked:
                body.classifier = _through(body)
    return Network(body, Words(), source="telling", head="classifier")


def _through(body: Telling) -> TiedDecoder:
    """The head of hidden words that answers in the order of `NextWord`'s logits: nearly a straight line."""
    dense = nn.Linear(WIDTH, WIDTH)
    with torch.no_grad():
        dense.weight.copy_(torch.eye(WIDTH))
        dense.bias.fill_(50.0)  # far where GELU changes nothing; the norm takes the constant out again
    return TiedDecoder(dense, table_of(body))


def masks(model: Network) -> Masks:
    """Every third weight of the one linear layer."""
    weight = model.body.get_parameter("mix.weight")
    found = (torch.arange(weight.numel()) % 3 != 1).view(weight.shape)
    return Masks({"mix.weight": found})


def task(**options: Any) -> TextClassification:
    """Of which class is the text?"""
    return TextClassification(data=Said(), **options)


def asked_of(transfer: Transfer) -> tuple[Network, Masks, Task]:
    """What a transfer is tried on: pictures, or words where it refuses those."""
    try:
        transfer.check(toys.Toy())
    except RequestError:
        model = network()
        return model, masks(model), task()
    model = toys.network()
    return model, pruned(model), toys.Toy()
