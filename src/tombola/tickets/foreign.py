"""Masks in other programs' state dicts: pairs ``X_orig`` and ``X_mask``, masks alone, or zeros among the weights.

`held` says what a state dict holds, under the names of a model's own tensors. Nothing given is changed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.errors import TicketError, near

PAIRS = "weight_orig and weight_mask pairs"
MASKS = "masks"
ZEROS = "zeros among the weights"


@dataclass(frozen=True)
class Held:
    """What a state dict holds: ``masks`` (for `ZEROS` none yet), ``weights`` (None: masks alone), names left out."""

    form: str
    masks: Mapping[str, Tensor]
    weights: Mapping[str, Tensor] | None
    left_out: tuple[str, ...] = ()


def held(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], what: str) -> Held:
    """What ``tensors`` hold for a model whose state is ``own``; ``what`` names the file in errors.

    Names may begin with anything (``module.``, ``encoder_q.``, ...): the beginning under which most of the model is
    found is taken off, and what begins otherwise is left out. A mask is of the weight its name says.
    """
    prefix = _prefix(list(tensors), own, what)
    inside = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    left_out = [name for name in tensors if not name.startswith(prefix)]
    found = {_masked(name, what): value for name, value in inside.items() if _is_mask(name, own)}
    dense = {_plain(name, own): value for name, value in inside.items() if not _is_mask(name, own)}
    form = PAIRS if any(name.endswith("_orig") and name not in own for name in inside) else MASKS
    if form == PAIRS:
        _refuse_halves([name for name in dense if f"{name}_orig" in inside], found, dense, what)
    elif not found and _all_binary(dense, own):
        found, dense = dense, {}
    if not found:
        return Held(ZEROS, {}, dense, tuple(left_out))
    masks = {name: _mask(name, value, own, what) for name, value in found.items()}
    if not all(name in dense for name in masks):
        return Held(form, masks, None, (*left_out, *dense))
    return Held(form, masks, dense, tuple(left_out))


def zeros(
    weights: Mapping[str, Tensor], prunable: Sequence[str], others: Sequence[str], what: str
) -> dict[str, Tensor]:
    """The masks of weights that are already pruned, for the ``prunable`` names; refused where hardly one is 0.

    ``others`` are the weights that the rule leaves alone, looked at only to say where the zeros are.
    """
    pruned, total = _count_zeros(weights, prunable)
    if pruned < total / 1000:
        elsewhere = [name for name in others if _count_zeros(weights, [name])[0] >= weights[name].numel() / 1000]
        found = f"{pruned:,} of the {total:,} prunable weights are 0 (sparsity {pruned / max(total, 1):.4%})"
        if elsewhere:
            raise TicketError(
                f"{what}: {found}; there are zeros in {_some(elsewhere)}, which the rule does not prune:"
                " write prunable=open_lth (convolutions and linear layers), or re:PATTERN for them"
            )
        raise TicketError(f"{what}: holds no masks, and {found}: it is not pruned; draw a ticket from it instead")
    return {name: weights[name] != 0 for name in prunable}


def zeros_left_alone(weights: Mapping[str, Tensor], others: Sequence[str]) -> list[str]:
    """The weights outside the rule of which one in a hundred or more is 0."""
    return [name for name in others if _count_zeros(weights, [name])[0] >= max(weights[name].numel() / 100, 1)]


def _prefix(names: Sequence[str], own: Iterable[str], what: str) -> str:
    """What the names of the file begin with before the model's own begin."""
    known = set(own)
    found = Counter(prefix for base in {_base(name, known) for name in names} for prefix in _before(base, known))
    if not found:
        odd = sorted({_base(name, known) for name in names})
        raise TicketError(
            f"{what}: no name in it is the model's: it has {_some(odd)}, the model {_some(sorted(known))}"
            f"{near(odd[0], sorted(known)) if odd else ''}; name the right model,"
            " or map the names with rename (regular expression -> replacement)"
        )
    most = max(found.values())
    best = [prefix for prefix, count in found.items() if count == most]
    if "" in best:
        return ""
    queries = [prefix for prefix in best if prefix.endswith("encoder_q.")]  # MoCo: the encoder that is trained
    if len(best) > 1 and len(queries) != 1:
        raise TicketError(
            f"{what}: the model is in it more than once, under {_some(sorted(best))};"
            " drop all but one with rename (a name that becomes empty is dropped)"
        )
    return queries[0] if queries else best[0]


def _before(base: str, known: Iterable[str]) -> list[str]:
    """What stands before the longest end of a name that is the model's; nothing when none is."""
    parts = base.split(".")
    ends = [at for at in range(len(parts)) if ".".join(parts[at:]) in known]
    return ["".join(f"{part}." for part in parts[: ends[0]])] if ends else []


def _base(name: str, known: Iterable[str]) -> str:
    """The weight a name is about, as far as the name says it."""
    if name in known:
        return name
    for ending in ("_orig", "_mask"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name.removesuffix("mask") + "weight" if name.endswith(".mask") else name


def _is_mask(name: str, own: Mapping[str, Tensor]) -> bool:
    return "mask" in name and name not in own


def _plain(name: str, own: Mapping[str, Tensor]) -> str:
    return name if name in own else name.removesuffix("_orig")


def _masked(name: str, what: str) -> str:
    found = _base(name, ())
    if found == name:
        raise TicketError(
            f"{what}: {name!r} is a mask, but of which weight its name does not say;"
            " rename it to the weight's name and _mask, as in conv1.weight_mask"
        )
    return found


def _refuse_halves(halves: Sequence[str], masks: Iterable[str], dense: Iterable[str], what: str) -> None:
    """``halves`` are the weights found as ``_orig``."""
    without_mask = [f"{name}_orig" for name in halves if name not in masks]
    without_weight = [f"{name}_mask" for name in masks if name not in dense]
    if alone := without_mask + without_weight:
        raise TicketError(f"{what}: {_some(alone)} without the other half of the pair; save the whole state dict")


def _all_binary(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> bool:
    """Whether these are masks under the weights' own names: nothing but 0 and 1, and some of both."""
    return (
        bool(tensors)
        and all(name in own and value.ndim > 0 for name, value in tensors.items())
        and all(_binary(value) for value in tensors.values())
        and any(bool((value == 0).any()) for value in tensors.values())
    )


def _binary(value: Tensor) -> bool:
    return value.dtype == torch.bool or bool(((value == 0) | (value == 1)).all())


def _mask(name: str, value: Tensor, own: Mapping[str, Tensor], what: str) -> Tensor:
    if name not in own:
        raise TicketError(
            f"{what}: masks {name!r}, which the model does not have{near(name, list(own))}"
            " (rename maps names: regular expression -> replacement)"
        )
    if value.shape != own[name].shape:
        raise TicketError(
            f"{what}: the mask of {name!r} is {list(value.shape)}, the model's weight {list(own[name].shape)};"
            " name the model the masks are of"
        )
    if not _binary(value):
        odd = value[(value != 0) & (value != 1)]
        raise TicketError(
            f"{what}: the mask of {name!r} is not made of 0 and 1: {odd.numel():,} values such as {odd[0].item():.6g};"
            " make it one first, as in (scores > threshold).float()"
        )
    return value != 0


def _count_zeros(weights: Mapping[str, Tensor], names: Sequence[str]) -> tuple[int, int]:
    total = sum(weights[name].numel() for name in names)
    return total - sum(int(weights[name].count_nonzero()) for name in names), total


def _some(names: Sequence[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(repr, names[:shown])) + more
