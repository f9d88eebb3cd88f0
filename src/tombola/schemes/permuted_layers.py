"""Another ticket with the weights of whole layers changed places; the masks stay where they are.

What: the masked tensors of one shape (and one way of lying in a layer) move round one random cycle, so that each of
  them moves; then the masks of the place they came to are applied. Biases, norms and the head stay. The ticket is
  self-contained. A tensor that shares its shape with no other stays, and a note says so. With ``together`` one cycle
  goes through the numbered layers of the net and all masked matrices of a layer move as one; what stands in no numbered
  layer (a pooler) stays.
When: asking whether a layer's weights belong to its place in depth: transformers, whose layers are all alike, above
  all.
Cost: one copy of the weights, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose ticket it is; ``together``. The seed decides the cycles. A ``sparsity`` is passed on
  to ``of``.
Reference: Chen et al., NeurIPS 2020 (m_IMP on theta_0''), whose code permutes BERT's layers, the six matrices of a
  layer together; each shape has a cycle of its own unless ``together``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final, final

import torch

from tombola.errors import RequestError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, dense, given, weights_of, with_values
from tombola.spec import option
from tombola.tasks._base import Task

_NUMBERED: Final = re.compile(r"(?P<place>^|.*?\.)(?P<number>\d+)\.(?P<rest>.+)")


@final
class PermutedLayers(Control):
    """The masks of another ticket on layers that have changed places."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    together: bool = option(
        default=False, help="all masked matrices of a numbered layer move as one, as BERT-Tickets' do", absent=False
    )

    @property
    def seeded(self) -> bool:
        return True

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        assert start is not None
        network = dense(model, start, self)
        alike, drawn = _alike(network, ticket.masks), generator(seed, self.name)
        moves = as_one(alike, drawn) if self.together else cycles(alike, drawn)
        staying = [name for name in ticket.masks if name not in moves]
        _tell(staying, len(ticket.masks), session)
        weights = weights_of(network, ticket.masks)
        values = {name: weight.clone() for name, weight in weights.items()}
        for name, source in moves.items():
            weights[name].copy_(values[source])
        return Rung(with_values(self, ticket, network, taken_from=moves, stayed=staying))


def cycles(alike: Iterable[Sequence[str]], generator: torch.Generator) -> dict[str, str]:
    """Whose values each tensor takes: one random cycle through the names of every set of two or more."""
    moves: dict[str, str] = {}
    for names in alike:
        if len(names) > 1:
            order = [names[place] for place in torch.randperm(len(names), generator=generator).tolist()]
            moves |= dict(zip(order, order[1:] + order[:1], strict=True))
    return {name: moves[name] for names in alike for name in names if name in moves}


def as_one(alike: Iterable[Sequence[str]], generator: torch.Generator) -> dict[str, str]:
    """Whose values each tensor takes where numbered layers change places as wholes: one cycle a row of layers.

    A row is what differs in the first number of its tensors' names alone; each of its layers must hold the same tensors
    in the same shapes, else a `RequestError` names one that does not.

    >>> moves = as_one([["0.q", "1.q"], ["0.up", "1.up"], ["pooler"]], torch.Generator().manual_seed(0))
    >>> moves
    {'0.q': '1.q', '0.up': '1.up', '1.q': '0.q', '1.up': '0.up'}
    """
    moves: dict[str, str] = {}
    for place, layers in _rows(alike).items():
        for number, source in cycles([list(layers)], generator).items():
            if layers[number] != layers[source]:
                odd = sorted(set(layers[number].items()) ^ set(layers[source].items()))[0][0]
                raise RequestError(
                    f"permuted_layers: {place}{number} and {place}{source} do not hold the same tensors ({odd}), so"
                    " they cannot change places; write together: false, which moves every shape by itself"
                )
            moves |= {f"{place}{number}.{rest}": f"{place}{source}.{rest}" for rest in layers[number]}
    return moves


def _rows(alike: Iterable[Sequence[str]]) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """By what stands before a layer's number, by number: its tensors, and which kind of shape each is of."""
    rows: defaultdict[str, defaultdict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for shape, names in enumerate(alike):
        for found in filter(None, map(_NUMBERED.fullmatch, names)):
            rows[found["place"]][found["number"]][found["rest"]] = shape
    return {place: layers for place, layers in rows.items() if len(layers) > 1}


def _alike(network: Network, names: Iterable[str]) -> list[list[str]]:
    found: defaultdict[object, list[str]] = defaultdict(list)
    for name, layer in layers_of(network.body, names).items():
        found[replace(layer, heads=None)].append(name)  # which attention's heads they are does not say how they lie
    return list(found.values())


def _tell(staying: Sequence[str], count: int, session: Session) -> None:
    if len(staying) == count:
        raise RequestError(
            "permuted_layers: no two of the masked layers have one shape (together: or no two are numbered), so nothing"
            " can change places; write shuffled, which moves weights within each layer"
        )
    if staying:
        session.reporter.note(
            f"permuted_layers: the only ones of their shapes, {len(staying)} of {count} layers stay:"
            f" {', '.join(staying[:6])}{', ...' if len(staying) > 6 else ''}"
        )
