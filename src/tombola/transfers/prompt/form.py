"""How a prompt stands behind a text: before the next word that is asked for, or before a mask and a full stop."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from tombola.data._tokens import Tokenizer, Written
from tombola.errors import ModelError, RequestError
from tombola.models.embeddings import table_in
from tombola.models.inputs.template import Template
from tombola.models.network import Network, num_outputs

Ids: TypeAlias = tuple[int, ...]

_CAUSAL: Final = "lm"
_MASKED: Final = "mlm"


@dataclass(frozen=True)
class Form:
    """``<text> <prompt>`` and the next word; with a ``tail``, ``<text> <prompt> [MASK] .`` and the word hidden there.

    >>> Form(1, ()).template((8, 9), (2, 3)).answer, Form(1, (4, 7)).template((8, 9), (2, 3)).ids
    (1, (8, 9, 4, 7))
    """

    ends: int
    """How many special tokens close a text."""
    tail: Ids
    """The mask and what stands behind it; nothing where the next word is asked for."""

    def template(self, prompt: Ids, words: Ids, offsets: tuple[float, ...] = ()) -> Template:
        """The first layer's options for a prompt."""
        answer = len(prompt) - (0 if self.tail else 1)
        return Template(ids=(*prompt, *self.tail), answer=answer, ends=self.ends, words=words, offsets=offsets)


def form_of(network: Network, cutting: Tokenizer) -> Form:
    """The form that suits a network's head and the tokeniser; raises `ModelError` for a head that tells no words."""
    kind, ends = network.head_kind.name, len(around(cutting)[1])
    require_words(network)
    if kind == _CAUSAL:
        return Form(ends, ())
    if cutting.mask is None:
        raise RequestError(f"{network.source} tells hidden words, and the tokeniser has no mask to hide one behind")
    return Form(ends, (cutting.mask, *cutting.bare(" .")))


def require_words(network: Network) -> None:
    """Raises `ModelError` for a network without a head of words."""
    kind, table = network.head_kind.name, table_in(network.body)
    if kind in (_CAUSAL, _MASKED) and table is not None and num_outputs(network.head) == table.num_embeddings:
        return
    raise ModelError(
        f"{network.source} has no head of words: it ends in {kind!r}, so it can be asked for none. Only a language"
        " model can be prompted: a causal one by name, as hf:FOLDER or hf:FILE.gguf, without classes; or an encoder"
        " whose head of hidden words was kept, decoder=mlm"
    )


def around(cutting: Tokenizer) -> tuple[Ids, Ids]:
    """The special tokens that the tokeniser puts before a text and behind it."""
    whole, inner = cutting.pieces([Written("a")], 8)[0][0].ids.tolist(), cutting.bare("a")
    at = next((n for n in range(len(whole)) if whole[n : n + len(inner)] == inner), 0)
    return tuple(whole[:at]), tuple(whole[at + len(inner) :])
