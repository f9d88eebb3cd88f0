"""By cost: a group stays when its score exceeds lambda times what it costs.

What: groups are ranked by their mean score over the cost of one of their weights, under one threshold, lambda, for all
  tensors; it is solved so that exactly what is asked is pruned, and reported. A weight costs the operations it takes
  part in for one image (its layer's positions), or its part of the milliseconds its layer takes when dense. A score
  below zero is multiplied by the cost instead: such groups go first, the costly ones before the cheap. What costs
  nothing (a layer no image reaches) goes last.
When: the ticket is to be fast, not only small: global magnitude keeps early layers dense, where the operations are.
Cost: a pass over the scores; with of=cost a sort of all of them.
Options: ``of``, whether sparsity is the share of the weights or of the cost that is pruned; ``costs``, milliseconds of
  whole dense layers by regular expressions searched in tensor names (left out: operations); ``floor``.
Reference: Lagrangian relaxation of a knapsack; Shen et al., "HALP: Hardware-Aware Latency Pruning", arXiv 2110.10811,
  and Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", arXiv 1801.05787, prune this way.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field, field_validator
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._floor import FLOOR_HELP, lowest_go
from tombola.masks.budgets._named import check_patterns, matched
from tombola.masks.budgets._ranking import asked, one_size, weights_in, weights_of
from tombola.registry import Examples
from tombola.spec import option


@final
class Cost(Budget):
    """The smallest scores per operation, or per millisecond, are pruned."""

    EXAMPLES: ClassVar[Examples] = ({}, {"of": "cost"})

    of: Literal["weights", "cost"] = option("weights", "what sparsity is the pruned share of")
    costs: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = option(
        None, "milliseconds of dense layers by regular expression; empty: count operations"
    )
    floor: int = option(1, FLOOR_HELP, ge=0)

    @property
    def needs_positions(self) -> bool:
        return self.costs is None

    @field_validator("costs")
    @classmethod
    def _readable(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value is not None:
            check_patterns(value, "{layer1: 3.2, layer2: 2.4}")
        return value

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        each = self._of_one_weight(groups)
        rated = {name: replace(item, scores=_rated(item.scores, each[name])) for name, item in groups.items()}
        priced = {name: replace(item, sizes=_prices(item, each[name])) for name, item in rated.items()}
        if weights_in(priced) == 0:
            raise MaskError("budget cost: everything costs nothing; write costs above 0, or another budget")
        counted, of = (rated, "weights") if self.of == "weights" else (priced, "cost")
        found = lowest_go(counted, asked(counted, sparsity), self.floor, of=of)
        return Allocation(found.kept, (*found.notes, *self._solved(rated, priced, found.kept)))

    def _of_one_weight(self, groups: Mapping[str, Groups]) -> dict[str, float]:
        if self.costs is None:
            return {name: _positions(name, item) for name, item in groups.items()}
        table = matched(self.costs, groups, "costs")
        if missing := [name for name in groups if name not in table]:
            raise MaskError(f"costs: none is given for {', '.join(missing)}; write a pattern for each layer")
        return {name: table[name] / weights_in({name: item}) for name, item in groups.items()}

    def _solved(
        self, rated: Mapping[str, Groups], priced: Mapping[str, Groups], kept: Mapping[str, Tensor]
    ) -> tuple[str, ...]:
        """Lambda, and what the ticket saves; nothing when no group went."""
        highest = max(float(item.scores.masked_fill(kept[name], -torch.inf).max()) for name, item in rated.items())
        if highest == -torch.inf:
            return ()
        unit = "operations" if self.costs is None else "milliseconds"
        weights, cost = (f"{_share(sizes, kept):.1%}" for sizes in (rated, priced))
        text = (
            f"lambda={max(0.0, highest):.6g}: a group stays when its score exceeds lambda times its {unit};"
            f" {weights} of the weights and {cost} of the {unit} are pruned"
        )
        return (text,)


def _positions(name: str, item: Groups) -> float:
    if item.layer.positions is None:
        raise MaskError(f"{name}: its operations are not known; write image=224 beside budget=cost, or give costs")
    return item.layer.positions


def _rated(scores: Tensor, cost: float) -> Tensor:
    """Score over cost where that orders, score times cost below zero; in float64, finite but for -inf."""
    exact = scores.double()
    if cost == 0:
        return exact.masked_fill(exact > 0, torch.finfo(exact.dtype).max)
    return torch.where(exact < 0, exact * cost, exact / cost)


def _prices(item: Groups, cost: float) -> Tensor:
    """What each group costs; one number seen everywhere where all groups have one size."""
    size = one_size({"": item})
    return (
        item.sizes.double() * cost
        if size is None
        else torch.tensor(size * cost, dtype=torch.float64).expand(item.sizes.shape)
    )


def _share(groups: Mapping[str, Groups], kept: Mapping[str, Tensor]) -> float:
    pruned = sum(weights_of(item, ~kept[name]) for name, item in groups.items())
    return pruned / weights_in(groups)
