"""What an encoder's layers are made of that may go whole: heads of an attention, units between two linear layers.

Families are told by the names of their layers: BERT's (RoBERTa, ELECTRA), DistilBERT's and ModernBERT's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from torch import nn

Kind: TypeAlias = Literal["heads", "units"]


@dataclass(frozen=True)
class Units:
    """``width`` rows of every layer in ``writes`` make a unit, and as many columns of ``reads``; layers by name.

    Where one layer writes several things a unit has (query, key and value in one matrix), its rows fall into so many
    ``parts``, each with a piece of every unit. ``activation`` names what stands between, empty for an attention.
    """

    kind: Kind
    writes: tuple[str, ...]
    reads: str
    width: int
    parts: int = 1
    activation: str = ""

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of its matrices, what is read last."""
        return tuple(f"{name}.weight" for name in (*self.writes, self.reads))

    def count(self, body: nn.Module) -> int:
        """How many there are, by what reads them."""
        return body.get_parameter(f"{self.reads}.weight").shape[1] // self.width


@dataclass(frozen=True)
class _Form:
    kind: Kind
    writes: tuple[str, ...]
    reads: str
    parts: int = 1
    activation: str = ""
    size: tuple[str, str] = ("", "")


_FORMS: Final = (
    _Form("heads", ("self.query", "self.key", "self.value"), "output.dense", size=("self", "attention_head_size")),
    _Form("units", ("intermediate.dense",), "output.dense", activation="intermediate.intermediate_act_fn"),
    _Form("heads", ("q_lin", "k_lin", "v_lin"), "out_lin", size=("", "attention_head_size")),
    _Form("units", ("lin1",), "lin2", activation="activation"),
    _Form("heads", ("Wqkv",), "Wo", parts=3, size=("", "head_dim")),
    _Form("units", ("Wi",), "Wo", parts=2, activation="act"),
)


def units_of(body: nn.Module) -> list[Units]:
    """All there are in a body, in the order of its layers; none of a family that is not known."""
    modules = dict(body.named_modules())
    return [found for name in modules for found in _within(name, modules)]


def _within(name: str, modules: dict[str, nn.Module]) -> Iterator[Units]:
    for form in _FORMS:
        layers = [_join(name, part) for part in (*form.writes, form.reads)]
        if not all(isinstance(modules.get(layer), nn.Linear) for layer in layers):
            continue
        where, number = form.size
        holder = modules.get(_join(name, where))
        width = getattr(holder, number, None) if number else 1
        if isinstance(width, int):
            activation = _join(name, form.activation) if form.activation else ""
            yield Units(form.kind, tuple(layers[:-1]), layers[-1], width, form.parts, activation)


def _join(*names: str) -> str:
    return ".".join(filter(None, names))
