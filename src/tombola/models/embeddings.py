"""The table that a body of texts looks its words up in, and other embeddings answered in their place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from torch import Tensor, nn

from tombola.errors import ModelError

_PLACES: Final = ("position_embeddings", "wpe")


def table_in(body: nn.Module) -> nn.Embedding | None:
    """The table of words: the one the body names (``get_input_embeddings``, as in transformers), else its first."""
    ask: object = getattr(body, "get_input_embeddings", None)
    found = ask() if callable(ask) else next((m for m in body.modules() if isinstance(m, nn.Embedding)), None)
    return found if isinstance(found, nn.Embedding) else None


def table_of(body: nn.Module) -> nn.Embedding:
    """The same; raises `ModelError` where there is none."""
    if (found := table_in(body)) is None:
        raise ModelError(
            f"{type(body).__name__} has no nn.Embedding, so it reads no token ids; give the network another input,"
            " or the body a get_input_embeddings() that returns its table"
        )
    return found


def places_of(body: nn.Module) -> int | None:
    """How many tokens a net has places for; None where it has no table of them, and any length goes."""
    tables = [
        module for name, module in body.named_modules() if name.endswith(_PLACES) and isinstance(module, nn.Embedding)
    ]
    # RoBERTa's places are counted from behind the number of its padding.
    return min((t.num_embeddings - (0 if t.padding_idx is None else t.padding_idx + 1) for t in tables), default=None)


@contextmanager
def answering(table: nn.Embedding, answer: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Inside, the table gives ``answer`` of what it would have given. Its own weights are not changed."""
    handle = table.register_forward_hook(lambda _table, _ids, own: answer(own))
    try:
        yield
    finally:
        handle.remove()
