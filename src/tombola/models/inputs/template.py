"""Template: given words behind a text, after which a language model is asked for one of a few words, a class each.

What: The tokens ``ids`` are put behind a text, before the ``ends`` special tokens that close it; the net under its head
    of words answers at the one of them that ``answer`` counts (-1: the text's last token), and of its logits those of
    ``words`` are the outputs, less ``offsets``. Nothing is trained, and no tensor of the body is another one.
When: A causal model is asked for the next word, or a masked one for the word behind a mask that is among ``ids``.
    Written by the transfer ``prompt``, which finds the words.
Cost: ``ids`` more positions a text; one product with the vocabulary a text.
Options: ``ids``, ``answer``, ``ends``, ``words``, ``offsets``.
Reference: Schick and Schuetze, EACL 2021, arXiv 2001.07676; Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.embeddings import answering, table_of
from tombola.models.heads._base import Reads, ShowsTokens
from tombola.models.inputs._base import Input, InputLayer
from tombola.models.inputs.tokens import Words, require_texts
from tombola.registry import Examples
from tombola.spec import Json, option


@final
class Templated(InputLayer):
    """The first layer of a network that answers in a few of its words. What it knows is in its options alone."""

    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    READS: ClassVar[Literal["images", "texts"]] = "texts"

    def __init__(self, options: "Template") -> None:
        super().__init__()
        self.options = options

    @property
    def outputs(self) -> int:
        return len(self.options.words)

    @property
    def inserted(self) -> int:
        return len(self.options.ids)

    def described(self) -> dict[str, Json]:
        return {"input": self.options.identity()}

    def reordered(self, order: Tensor) -> "Templated":
        words, offsets = (
            tuple(values[place] for place in order.tolist()) for values in (self.options.words, self.options.offsets)
        )
        return Templated(self.options.replace(words=words, offsets=offsets))

    def under_another_head(self) -> InputLayer:
        """The words alone: what another head answers is not asked for in words."""
        return Words()

    def continuous(self, body: nn.Module, x: Tensor) -> Tensor:
        """The embeddings (N, L, D) of the text alone."""
        found: Tensor = x if x.is_floating_point() else table_of(body)(x)
        return found

    def run(self, body: nn.Module, x: Tensor, more: Mapping[str, Tensor]) -> Any:
        require_texts(body, x)
        begins = _begins(x, more.get("attention_mask"), self.options.ends)
        at = (begins + self.options.answer)[:, None]
        beside = {name: self._lengthened(value, begins) for name, value in more.items()}
        logits: Tensor = self._asked(body, x, begins, {**beside, "at": at})[:, 0]
        return logits[:, list(self.options.words)] - logits.new_tensor(self.options.offsets)

    def _asked(self, body: nn.Module, x: Tensor, begins: Tensor, more: Mapping[str, Tensor]) -> Any:
        ids = torch.tensor(self.options.ids, dtype=torch.long, device=x.device)
        if not x.is_floating_point():
            return body(inserted(x, ids.expand(x.shape[0], -1), begins), **more)
        table = table_of(body)
        whole = inserted(x, table(ids).to(x.dtype).expand(x.shape[0], -1, -1), begins)
        with answering(table, lambda _own: whole):
            return body(whole.new_zeros(whole.shape[:2], dtype=torch.long), **more)

    def _lengthened(self, beside: Tensor, begins: Tensor) -> Tensor:
        """(N, L) as (N, L + k): what stands at the token before the prompt stands at the prompt too."""
        last = beside.gather(1, (begins - 1).clamp_min(0)[:, None])
        return inserted(beside, last.expand(-1, len(self.options.ids)), begins)


@final
class Template(Input):
    """Token ids behind each text, and a word a class."""

    HEAD_READS: ClassVar[Reads] = "tokens"
    EXAMPLES: ClassVar[Examples] = (
        {"words": (5, 2, 7)},
        {"ids": (3, 1), "answer": 0, "ends": 1, "words": (5, 2, 7), "offsets": (0.5, -1.0, 0.5)},
    )

    ids: tuple[int, ...] = option((), "the tokens that are put behind a text")
    answer: int = option(-1, "at which of them the net answers, counted from 0; -1 at the text's last token", ge=-1)
    ends: int = option(0, "how many special tokens close a text and stay behind what is put there", ge=0)
    words: tuple[int, ...] = option(help="the token of each class, in the classes' order", min_length=2)
    offsets: tuple[float, ...] = option((), "what is taken off each class's logit; empty: nothing")

    @model_validator(mode="before")
    @classmethod
    def _an_offset_a_word(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and not values.get("offsets"):
            return {**values, "offsets": (0.0,) * len(values.get("words", ()))}
        return values

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if len(self.words) != len(self.offsets) or len(set(self.words)) != len(self.words):
            raise ValueError("give each class one word of its own, and one offset each or none at all")
        if self.answer >= max(1, len(self.ids)):
            raise ValueError(f"answer={self.answer}: there are {len(self.ids)} ids, counted from 0")
        return self

    def layer(self, body: nn.Module, *, generator: torch.Generator) -> InputLayer:
        if not isinstance(body, ShowsTokens) or body.reads != "tokens":
            raise ModelError(
                f"a template asks for words, and {type(body).__name__} ends in no head of words; take a causal"
                " language model, or decoder=mlm"
            )
        words, most = [*self.ids, *self.words], table_of(body).num_embeddings
        if min(words) < 0 or max(words) >= most:
            raise ModelError(f"template ids={list(self.ids)} words={list(self.words)}: the table has 0 to {most - 1}")
        return Templated(self)


def inserted(text: Tensor, prompt: Tensor, begins: Tensor) -> Tensor:
    """(N, L, ...) with (N, k, ...) put in before each text's own place (N,): (N, L + k, ...).

    >>> inserted(torch.tensor([[1, 2, 0], [1, 2, 3]]), torch.tensor([[8, 9]] * 2), torch.tensor([2, 3])).tolist()
    [[1, 2, 8, 9, 0], [1, 2, 3, 8, 9]]
    """
    count = prompt.shape[1]
    places = torch.arange(text.shape[1] + count, device=text.device)[None] - begins[:, None]
    of_text = torch.where(places < 0, places + begins[:, None], places + begins[:, None] - count)
    both = torch.cat([text, prompt], dim=1)
    within = (places >= 0) & (places < count)
    source = torch.where(within, text.shape[1] + places, of_text)
    return both.gather(1, source.reshape(*source.shape, *(1,) * (text.ndim - 2)).expand(-1, -1, *text.shape[2:]))


def _begins(x: Tensor, mask: Tensor | None, ends: int) -> Tensor:
    """Where of each text what closes it begins, (N,); at least behind its first token."""
    lengths = mask.sum(1).long() if mask is not None else x.new_full((x.shape[0],), x.shape[1], dtype=torch.long)
    return (lengths - ends).clamp_min(1)
