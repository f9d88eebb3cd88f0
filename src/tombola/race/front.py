"""The front of a race in words: every finish as a line of a table, what was left out, what to ship."""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from tombola.benching.table import aligned
from tombola.race.entrants import DENSE
from tombola.race.finish import Finish, same
from tombola.race.learned import longer, trained
from tombola.race.paired import easier
from tombola.race.raced import Raced
from tombola.race.rule import holds

HEAD: Final = ("net", "run by", "accuracy", "ms", "bytes", "x float32", "x int8")


def lines(raced: Raced) -> list[str]:
    """The table, the winner, what was not tried, one sentence of advice."""
    wanted = raced.wanted
    shown = aligned([HEAD, *(row(raced, one) for one in sorted(raced.front, key=lambda one: one.ms))])
    return [
        f"on {raced.dense.samples:,} validation samples, batch {wanted.batch}, {wanted.threads} threads;",
        f"{trained(raced)}:",
        "",
        *shown,
        "",
        *(part for line in left_out(raced) for part in wrap(f"not in the table: {line}", 79, subsequent_indent="  ")),
        "",
        advice(raced),
        *longer(raced),
        *held_out(raced),
        *under_attack(raced),
        *_coarse(raced),
        *_missed(raced),
    ]


def left_out(raced: Raced) -> list[str]:
    """What did not race to the end and why, those with one reason in one line, rungs of a ladder told together."""
    by_reason: dict[str, list[str]] = {}
    for name, why in raced.left.items():
        by_reason.setdefault(why, []).append(name)
    return [f"{'; '.join(_together(names))}: {why}" for why, names in by_reason.items()]


def _together(names: Sequence[str]) -> list[str]:
    """Names that differ in their per cent alone as one.

    >>> _together(["stripe:4, 60% pruned", "stripe:4, 70% pruned", "stripe:4, 95% pruned", "a smaller net"])
    ['stripe:4, 60, 70 and 95% pruned', 'a smaller net']
    """
    parts: dict[tuple[str, str], list[str]] = {}
    for name in names:
        found = re.match(r"(|.*? )(\d+)(%.*)$", name)
        before, number, after = found.groups() if found else (name, "", "")
        parts.setdefault((before, after), []).append(number)
    return [f"{before}{_listed(numbers)}{after}" for (before, after), numbers in parts.items()]


def _listed(numbers: Sequence[str]) -> str:
    *some, last = numbers
    return f"{', '.join(some)} and {last}" if some else last


def _coarse(raced: Raced) -> Iterator[str]:
    """Where one sample more or less is more than the margin."""
    one = 100 / raced.dense.samples
    if one > raced.wanted.margin:
        yield (
            f"{raced.dense.samples} validation samples cannot tell {points(raced.wanted.margin)}: one of them is"
            f" {one:.1f}; take more data, or --max-drop larger"
        )


def advice(raced: Raced) -> str:
    """One sentence: what to ship, and how it compares with the best that needs no pruning."""
    shipped, wanted, rival = raced.winner, raced.wanted, raced.rival
    if wanted.limits and not (wanted.limits.allow(shipped) and holds(shipped, raced.dense, wanted.margin)):
        return _nearest(raced)
    if not shipped.pruned:
        untried = len(raced.untried)
        tried = (
            f"nothing pruned that was trained ({untried} were not, for want of time)" if untried else "nothing pruned"
        )
        return (
            f"ship the {shipped.entrant} net in {shipped.arithmetic}, run by {shipped.engine}: {tried} costs less here"
            f" within {points(wanted.margin)} of accuracy"
        )
    return (
        f"ship {shipped.entrant}, run by {shipped.engine}: within {points(wanted.margin)} of the dense net on"
        f" validation samples, {rival.ms / shipped.ms:.2f} times as fast as the best that needs no pruning"
        f" ({rival.engine}), in {shipped.bytes / rival.bytes:.2f} times its bytes"
    )


def _nearest(raced: Raced) -> str:
    """One sentence where nothing keeps to the limits and holds the margin: by how much the nearest misses."""
    shipped, wanted = raced.winner, raced.wanted
    if not wanted.limits.allow(shipped):
        return (
            f"nothing that was trained keeps to {wanted.limits}: ship {shipped.entrant}, run by {shipped.engine}, or"
            " raise it"
        )
    short = raced.dense.accuracy - shipped.accuracy
    return (
        f"nothing within {wanted.limits} holds {points(wanted.margin)} of accuracy for sure; the most accurate is"
        f" {shipped.entrant}, run by {shipped.engine}: {short:.2f} points below the dense net on validation samples"
    )


def confirmed(raced: Raced) -> str:
    """One sentence: what held-out samples say of the winner and the margin."""
    found, margin = raced.difference, points(raced.wanted.margin)
    if not raced.holds:
        return f"On held-out samples it misses its {margin}: {found}"
    if found.low < -raced.wanted.margin:
        return f"On held-out samples it is within its {margin}, and the interval reaches beyond: {found}"
    return f"On held-out samples it is within its {margin}: {found}"


def held_out(raced: Raced) -> list[str]:
    """What the winner, the dense net and the best unpruned one tell of samples that nothing was chosen by."""
    return [
        f"held-out samples: {one.entrant} in {one.engine}: {one.accuracy:.2f} % of {one.samples:,},"
        f" {milliseconds(one.ms)}"
        for one in raced.held_out
    ] + [f"held-out samples: {raced.winner.entrant} less {DENSE} in float32: {raced.difference}", *_seen_before(raced)]


def under_attack(raced: Raced) -> Iterator[str]:
    """What is kept against an adversary, where one was asked for."""
    if raced.wanted.robust is not None:
        kept = ", ".join(f"{name} {value:.2f} % of {count}" for name, (value, count) in raced.attacked.items())
        yield f"held-out samples that PGD moves by {255 * raced.wanted.robust:g}/255, nets in float32: {kept}"


def _seen_before(raced: Raced) -> list[str]:
    """What to make of validation samples that the dense net knows far better than held-out ones; mostly nothing."""
    here = raced.dense if raced.longer is None else raced.longer.reference(raced.dense)
    better = easier(here, same(here, raced.held_out))
    said = (
        f"validation samples are told {better:.1f} points better by the dense net than held-out ones: the pretrained"
        " weights may have learned from them, or they are easier. Pruned nets then look worse beside it than they"
        " are; name examples that the weights have not seen"
    )
    return [said] if better else []


def row(raced: Raced, one: Finish) -> Sequence[str]:
    """A line of the table: an arrow at the winner, its figures, how many times as fast as dense nets it is."""
    exact, rounded = _fastest(raced, "float32"), _fastest(raced, "int8")
    return (
        ("-> " if one is raced.winner else "   ") + one.entrant,
        one.engine,
        f"{one.accuracy:.2f} %",
        milliseconds(one.ms, ""),
        f"{one.bytes:,}",
        "" if exact is None else f"{exact.ms / one.ms:.2f}",
        "" if rounded is None else f"{rounded.ms / one.ms:.2f}",
    )


def milliseconds(ms: float, unit: str = " ms") -> str:
    """``"12.35 ms"``, ``"0.0412 ms"``: small nets are told apart too."""
    return f"{ms:.2f}{unit}" if ms >= 1 else f"{ms:#.3g}{unit}"


def points(margin: float) -> str:
    """In words."""
    return f"{margin:g} point{'' if margin == 1 else 's'}"


def _fastest(raced: Raced, arithmetic: str) -> Finish | None:
    some = [one for one in raced.front if one.entrant == DENSE and one.arithmetic == arithmetic]
    return min(some, key=lambda one: one.ms, default=None)


def _missed(raced: Raced) -> Iterator[str]:
    if not raced.holds:
        yield (
            f"on held-out samples it is {-raced.difference.points:.2f} points below, more than the"
            f" {raced.wanted.margin:g} asked for: it was chosen on other samples; take --max-drop smaller, or more data"
        )
