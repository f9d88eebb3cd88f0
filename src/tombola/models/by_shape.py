"""A stranger's tensors under the names of a net, where shapes and order leave one way to do so; never guessed.

The order of a file's layers is that in which its program made them, unless it is the alphabet's, which says nothing.
Apart from it the numbers in names tell: of layers of one shape, ``blocks.0.c1`` comes before ``blocks.0.c2``. Where
both tell something they must tell the same, and no names may speak for another way.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, permutations
from typing import Final, TypeAlias

from torch import Tensor

from tombola.errors import ModelError
from tombola.models.same_layers import Layer, Shapes, agreement, in_order, layers_in

Pairs: TypeAlias = Sequence[tuple[Layer, Layer]]

_SORTED: Final = (
    ". The file's names stand as in the alphabet, which hides the order of its layers (.safetensors always do): the"
    " .pth or .bin that it was made of can be matched by it"
)
_MOST: Final = 6
"""Kinds of names for one shape, of which all ways to pair them are looked at."""


@dataclass(frozen=True)
class Match:
    """``weights`` under the net's names; ``said`` is the match in a few words, a kind of names each."""

    weights: Mapping[str, Tensor]
    said: str


def misnamed(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor], head: str) -> bool:
    """Whether a file has tensors of other names than the net, and lacks some of its; a head may be absent."""
    theirs = {part for layer in layers_in(given) for part in layer.found.values()}
    ours = {part for layer in layers_in(wanted) if not _of_head(layer, head) for part in layer.found.values()}
    return bool(theirs - set(wanted)) and bool(ours - theirs)


def matched(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor], head: str) -> Match:
    """The tensors given under the names of a net whose state dict is ``wanted``; its ``head`` may have other outputs.

    Layers of the same name and shape stay as they are. A file without a head is matched to the rest. Raises
    `ModelError` that says why there is no way, or more than one.
    """
    theirs, ours = layers_in(given), _as_large(layers_in(given), layers_in(wanted), head)
    same = {layer.name for layer in ours if layer in theirs}
    rest = [layer for layer in theirs if layer.name not in same], [layer for layer in ours if layer.name not in same]
    pairs = _one_way(*rest, ordered=in_order(given))
    _require_no_other_names(pairs)
    kept = [(layer, layer) for layer in theirs if layer.name in same]
    renamed = {our.found[role]: given[name] for their, our in (*kept, *pairs) for role, name in their.found.items()}
    return Match(renamed, _said(pairs))


def _of_head(layer: Layer, head: str) -> bool:
    return layer.name == head or layer.name.startswith(f"{head}.")


def _as_large(theirs: Sequence[Layer], ours: Sequence[Layer], head: str) -> list[Layer]:
    """The net's layers, its head with as many outputs as the file's, or left out where the file has none."""
    body = [layer for layer in ours if not _of_head(layer, head)]
    extra = Counter(layer.shapes for layer in theirs) - Counter(layer.shapes for layer in body)
    lacking = Counter(layer.shapes for layer in body) - Counter(layer.shapes for layer in theirs)
    heads = [layer for layer in ours if _of_head(layer, head)]
    if lacking or (extra and not _is_head(extra, heads)):
        raise ModelError(_nearest(theirs, ours, lacking, extra))
    if not extra:
        return body
    if len(heads) > 1:
        return list(ours)
    (shapes,) = extra
    return [replace(layer, shapes=shapes) if _of_head(layer, head) else layer for layer in ours]


def _is_head(extra: Counter[Shapes], heads: Sequence[Layer]) -> bool:
    """Whether what a file has beside the body is the head, or one layer that is the head but for its outputs."""
    free = {tuple((role, shape[1:]) for role, shape in shapes) for shapes in extra}
    one = extra.total() == len(heads) == 1 and free == {heads[0].free}
    return one or extra == Counter(layer.shapes for layer in heads)


def _one_way(theirs: Sequence[Layer], ours: Sequence[Layer], *, ordered: bool) -> Pairs:
    """The pairs that order and numbers tell; refuses where they contradict each other, or tell nothing."""
    by_order = _by_order(theirs, ours) if ordered else None
    by_numbers, unclear = _by_numbers(theirs, ours)
    if by_order is None and by_numbers is None:
        raise ModelError(f"shapes leave several ways: {unclear}{'' if ordered else _SORTED}")
    if by_order is None or by_numbers is None:
        return by_order or by_numbers or ()
    other = {their.name: our.name for their, our in by_numbers}
    for their, our in by_order:
        if other[their.name] != our.name:
            raise ModelError(
                f"shapes leave several ways: by its place {their.name} is {our.name}, by its number {other[their.name]}"
            )
    return by_order


def _by_order(theirs: Sequence[Layer], ours: Sequence[Layer]) -> Pairs | None:
    """Each with the one in its place, where all have the same shapes."""
    same = [layer.shapes for layer in theirs] == [layer.shapes for layer in ours]
    return list(zip(theirs, ours, strict=True)) if same else None


def _by_numbers(theirs: Sequence[Layer], ours: Sequence[Layer]) -> tuple[Pairs | None, str]:
    """Layers of one shape and one kind of name in the order of their numbers; or None, and which are unclear."""
    found: list[tuple[Layer, Layer]] = []
    for shapes in dict.fromkeys(layer.shapes for layer in ours):
        left, right = (_kinds([one for one in some if one.shapes == shapes]) for some in (theirs, ours))
        way = _paired(left, right)
        if way is None:
            return None, f"{_listed(left)} may be {_listed(right)}"
        found += [pair for one, other in way for pair in zip(left[one], right[other], strict=True)]
    if mixed := _mixed(found, ours):
        return None, mixed
    return found, ""


def _kinds(layers: Sequence[Layer]) -> dict[str, list[Layer]]:
    """By their names without numbers, in the order of their numbers."""
    found: dict[str, list[Layer]] = {}
    for layer in sorted(layers, key=lambda layer: layer.numbers):
        found.setdefault(layer.template, []).append(layer)
    return found


def _paired(left: Mapping[str, Sequence[Layer]], right: Mapping[str, Sequence[Layer]]) -> list[tuple[str, str]] | None:
    """Which kind of names is which: the only way that fits their counts, or the one that names speak for most."""
    if len(left) != len(right) or len(left) > _MOST:
        return None
    ways = [
        list(zip(left, way, strict=True))
        for way in permutations(right)
        if all(len(left[one]) == len(right[other]) for one, other in zip(left, way, strict=True))
    ]
    ranked = sorted(ways, key=lambda way: -sum(agreement(one, other) for one, other in way))
    points = [sum(agreement(one, other) for one, other in way) for way in ranked[:2]]
    return ranked[0] if len(points) == 1 or (len(points) == 2 and points[0] > points[1]) else None


def _mixed(pairs: Pairs, ours: Sequence[Layer]) -> str:
    """Which two blocks of the file would lie between each other in the net; empty where none do."""
    place = {layer.name: number for number, layer in enumerate(ours)}
    spans: dict[str, dict[str, list[int]]] = {}
    for their, our in pairs:
        home = their.name.rpartition(".")[0]
        if their.numbers and any(map(str.isdecimal, home.split("."))):
            spans.setdefault(Layer(home, {}, ()).template, {}).setdefault(home, []).append(place[our.name])
    for blocks in spans.values():
        ordered = sorted(blocks.items(), key=lambda block: min(block[1]))
        for (one, first), (other, second) in pairwise(ordered):
            if max(first) > min(second):
                return f"{one} and {other} would lie between each other"
    return ""


def _require_no_other_names(pairs: Pairs) -> None:
    """Raises `ModelError` where two layers of one shape have names that speak for each other's places."""
    by_shape: dict[Shapes, list[tuple[Layer, Layer]]] = {}
    for pair in pairs:
        by_shape.setdefault(pair[0].shapes, []).append(pair)
    for some in by_shape.values():
        for (their, our), (other, another) in combinations(some, 2):
            straight = agreement(their.name, our.name) + agreement(other.name, another.name)
            if agreement(their.name, another.name) + agreement(other.name, our.name) > straight:
                raise ModelError(
                    f"{their.name} has the place of {our.name} and {other.name} that of {another.name}, and their names"
                    " say otherwise"
                )


def _nearest(
    theirs: Sequence[Layer], ours: Sequence[Layer], lacking: Counter[Shapes], extra: Counter[Shapes], shown: int = 3
) -> str:
    """What has no partner, each with the nearest of the file's that has none either."""
    spare = [layer for layer in theirs if layer.shapes in extra]
    alone = [layer for layer in ours if layer.shapes in lacking]
    told = [f"{layer}: {_close(layer, spare)}" for layer in alone[:shown]]
    if not alone:
        told = [f"the file has {layer} beside" for layer in spare[:shown]]
    more = f"; and {len(alone) - shown} more" if len(alone) > shown else ""
    return f"shapes do not fit: {'; '.join(told)}{more}"


def _close(layer: Layer, spare: Sequence[Layer]) -> str:
    if not spare:
        return "the file has nothing left for it"
    return f"nearest in the file {max(spare, key=lambda other: sum(_alike(layer, other)))}"


def _alike(one: Layer, other: Layer) -> Iterator[float]:
    """Points for being near: the same roles, as many axes, sides that are equal, names that agree."""
    yield float(agreement(one.name, other.name))
    mine, others = dict(one.shapes), dict(other.shapes)
    for role in mine.keys() & others.keys():
        yield 1.0
        if len(mine[role]) == len(others[role]):
            yield 1.0 + sum(a == b for a, b in zip(mine[role], others[role], strict=True))


def _listed(kinds: Mapping[str, Sequence[Layer]], shown: int = 3) -> str:
    names = [some[0].name for some in kinds.values()]
    return " or ".join(names[:shown]) + (" or others" if len(names) > shown else "")


def _said(pairs: Pairs, shown: int = 5) -> str:
    """``stem.conv -> conv1, blocks.#.c# -> layer#.#.conv# and 3 more kinds of names``."""
    kinds = [f"{one} -> {other}" for one, other in dict.fromkeys((a.template, b.template) for a, b in pairs)]
    more = f" and {len(kinds) - shown} more kinds of names" if len(kinds) > shown else ""
    return ", ".join(kinds[:shown]) + more
