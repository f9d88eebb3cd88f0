"""Tokens: texts as token ids; what is continuous are the words' embeddings.

What: Ids (N, L) reach the body as they are, which looks them up in its own table. Floats (N, L, D) in their place stand
    for what the table would give: every body whose table is an ``nn.Embedding`` takes both.
When: Sequence encoders: ``hf:FOLDER``, and nets of one's own that begin with an embedding.
Cost: None.
Options: None.
Reference: Attacks on embeddings: Miyato et al., ICLR 2017, arXiv 1605.07725; Zhu et al. (FreeLB), ICLR 2020, arXiv
    1909.11764.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.embeddings import answering, table_of
from tombola.models.inputs._base import Input, InputLayer


@final
class Words(InputLayer):
    """The first layer of a network of texts. It has no tensors: the table is the body's."""

    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    READS: ClassVar[Literal["images", "texts"]] = "texts"

    def run(self, body: nn.Module, x: Tensor, more: Mapping[str, Tensor]) -> Any:
        require_texts(body, x)
        if not x.is_floating_point():
            return body(x, **more)
        with answering(table_of(body), lambda _own: x):
            return body(x.new_zeros(x.shape[:2], dtype=torch.long), **more)

    def continuous(self, body: nn.Module, x: Tensor) -> Tensor:
        """The embeddings (N, L, D) that the body's table has for ids (N, L)."""
        found: Tensor = x if x.is_floating_point() else table_of(body)(x)
        return found


def require_texts(body: nn.Module, x: Tensor) -> None:
    """Raises `ModelError` for what are neither ids (N, L) nor embeddings (N, L, D) of the body's width."""
    if x.ndim == 2 and not x.is_floating_point():
        return
    width = table_of(body).embedding_dim
    if x.ndim != 3 or x.shape[2] != width or not x.is_floating_point():
        raise ModelError(
            f"a batch of shape {tuple(x.shape)} in {x.dtype} is no text: {type(body).__name__} reads token ids (N, L),"
            f" or embeddings (N, L, {width}) in their place; give it a task of texts"
        )


@final
class Tokens(Input):
    """Token ids, or embeddings in their place."""

    def layer(self, body: nn.Module, *, generator: torch.Generator) -> InputLayer:
        return Words()
