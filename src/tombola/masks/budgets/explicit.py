"""Sparsities written down for some layers; the others share the rest under one threshold.

What: ``layers`` maps regular expressions, searched in tensor names, to sparsities. Each tensor that one finds loses
  exactly its share, the lowest groups first; the others lose their lowest together, so many that the whole comes to the
  asked sparsity exactly. When every tensor is named, that sparsity must be the one the shares imply.
When: shares from a paper, from a sensitivity analysis, or a layer that must stay dense (0). Not in several rounds: the
  shares hold at one sparsity.
Cost: about three readings of the scores.
Options: ``layers``; ``floor``, how many groups a tensor that is not named keeps at least (a named one gets what is
  written, and 1 empties it).
Reference: layer-wise shares as in Han et al., arXiv 1506.02626, section 4.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, final

from pydantic import Field, field_validator
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._floor import FLOOR_HELP, emptied, lowest_go, protected
from tombola.masks.budgets._named import check_patterns, matched
from tombola.masks.budgets._ranking import all_but, asked, gone, one_size, weights_in, weights_of
from tombola.registry import Examples
from tombola.spec import option


@final
class Explicit(Budget):
    """Written shares, and one threshold for the tensors that are not named."""

    ONE_SPARSITY: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"layers": {"^a$": 0.5}},)

    layers: dict[str, Annotated[float, Field(ge=0, le=1)]] = option(
        help="sparsities by regular expression, such as {layer4: 0.95, conv1: 0}"
    )
    floor: int = option(1, FLOOR_HELP, ge=0)

    @field_validator("layers")
    @classmethod
    def _readable(cls, value: dict[str, float]) -> dict[str, float]:
        check_patterns(value, "{layer4: 0.95}")
        return value

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        shares = matched(self.layers, groups, "layers")
        named = {name: groups[name] for name in shares}
        rest = {name: item for name, item in groups.items() if name not in shares}
        kept = {name: tensor for name, item in named.items() for tensor in _alone(name, item, shares[name]).values()}
        pruned = sum(weights_of(item, ~kept[name]) for name, item in named.items())
        target = asked(groups, sparsity)
        if not rest:
            _require_agreement(groups, target, pruned)
            return Allocation(kept, emptied(kept, named))
        _require_room(rest, target, pruned, weights_in(groups), self.floor)
        others = lowest_go(rest, max(0.0, target - pruned), self.floor)
        kept |= others.kept
        return Allocation({name: kept[name] for name in groups}, (*emptied(kept, named), *others.notes))


def _alone(name: str, item: Groups, share: float) -> dict[str, Tensor]:
    one = {name: item}
    return all_but(one, max(asked(one, share), gone(item)))


def _require_agreement(groups: Mapping[str, Groups], target: float, pruned: float) -> None:
    """Every tensor is named, so the whole is implied; groups of unequal size may miss it by half a group a tensor."""
    slack = 0.0 if one_size(groups) else sum(float(item.sizes.max()) / 2 for item in groups.values())
    if abs(target - pruned) > slack:
        raise MaskError(
            f"layers: every tensor is named, and together they lose {pruned:,.0f} of {weights_in(groups):,} weights,"
            f" not {target:,.0f}; write sparsity={pruned / weights_in(groups)}, or leave some layers unnamed"
        )


def _require_room(rest: Mapping[str, Groups], target: float, pruned: float, total: float, floor: int) -> None:
    smallest = min(float(item.sizes.min()) for item in rest.values())
    most = pruned + weights_in(rest)
    if pruned - smallest / 2 <= target <= most - sum(floor * float(item.sizes.max()) for item in rest.values()):
        return
    most -= sum(protected(item, floor) for item in rest.values())
    if not pruned - smallest / 2 <= target <= most + smallest / 2:
        raise MaskError(
            f"layers: the named ones lose {pruned:,.0f} of all {total:,} weights and the others can lose"
            f" {most - pruned:,.0f} with floor={floor}, but {target:,.0f} are to go;"
            f" write a sparsity from {pruned / total} to {most / total}"
        )
