"""Another ticket with the weights of whole layers changed places; the masks stay where they are.

What: the masked tensors of one shape (and one way of lying in a layer) move round one random cycle, so that each of
  them moves; then the masks of the place they came to are applied. Biases, norms and the head stay. The ticket is
  self-contained. A tensor that shares its shape with no other stays, and a note says so.
When: asking whether a layer's weights belong to its place in depth: transformers, whose layers are all alike, above
  all.
Cost: one copy of the weights, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose ticket it is. The seed decides the cycles. A ``sparsity`` is passed on to ``of``.
Reference: Chen et al., NeurIPS 2020 (m_IMP on theta_0''), whose code permutes BERT's layers; there the six matrices of
  a layer move together, here each shape has a cycle of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import ClassVar, final

import torch

from tombola.errors import RequestError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, dense, given, weights_of, with_values
from tombola.tasks._base import Task


@final
class PermutedLayers(Control):
    """The masks of another ticket on layers that have changed places."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    @property
    def seeded(self) -> bool:
        return True

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        assert start is not None
        network = dense(model, start, self)
        moves = cycles(_alike(network, ticket.masks), generator(seed, self.name))
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


def _alike(network: Network, names: Iterable[str]) -> list[list[str]]:
    found: defaultdict[object, list[str]] = defaultdict(list)
    for name, layer in layers_of(network.body, names).items():
        found[layer].append(name)
    return list(found.values())


def _tell(staying: Sequence[str], count: int, session: Session) -> None:
    if len(staying) == count:
        raise RequestError(
            "permuted_layers: no two of the masked layers have one shape, so nothing can change places;"
            " write shuffled, which moves weights within each layer"
        )
    if staying:
        session.reporter.note(
            f"permuted_layers: the only ones of their shapes, {len(staying)} of {count} layers stay:"
            f" {', '.join(staying[:6])}{', ...' if len(staying) > 6 else ''}"
        )
