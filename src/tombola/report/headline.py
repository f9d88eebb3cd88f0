"""The finding in words: one headline computed from the rows, and one sentence for each panel and measure.

The headline is about sparse networks alone, and measures are not added up: who wins by one may lose by the other.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import Final

from tombola.report.about import About
from tombola.report.axes import Axes, last_part, level
from tombola.report.curves import Measure, Panel, Results, Summary
from tombola.report.duels import Duel, duels
from tombola.report.numbers import number, percent
from tombola.report.speed import fastest
from tombola.rows import Scalar

MOST_MEASURES: Final = 2


def headline(results: Results, about: About) -> str:
    """The whole study in a sentence for each of the first measures."""
    found = duels(results)
    place = about.task or next((level(v) for k, v in results.axes.fixed.items() if last_part(k) == "task"), "")
    told = [text for text in (_contest(results, found) if found else "", fastest(results)) if text]
    first, *more = told or [_course(results)]
    sentence = " ".join([first, *(text[:1].upper() + text[1:] for text in more)])
    return f"On {place}, {sentence}" if place else sentence[:1].upper() + sentence[1:]


def findings(results: Results) -> list[tuple[str, str]]:
    """(where, who wins at which sparsity) for every panel and measure that has duels."""
    found = groupby(duels(results), key=lambda duel: (duel.panel, duel.measure))
    return [(where(results, panel, measure), _runs(list(group))) for (panel, measure), group in found]


def where(results: Results, panel: Panel, measure: Measure) -> str:
    """``linear, accuracy``."""
    return ", ".join(part for part in (results.panel_title(panel), measure.label) if part)


def called(axes: Axes, name: Scalar) -> str:
    """``the robust prior``, ``scheme omp``."""
    return f"the {level(name)} prior" if axes.noun == "prior" else f"{axes.noun} {level(name)}"


def _contest(results: Results, found: list[Duel]) -> str:
    sparse = [duel for duel in found if duel.sparsity]
    noun = "sparse settings" if 0 < len(sparse) < len(found) else "settings"
    by_measure: dict[str, list[Duel]] = {}
    for duel in sparse or found:
        by_measure.setdefault(duel.measure.label, []).append(duel)
    clauses = {label: _by_one_measure(results, duels, noun) for label, duels in by_measure.items()}
    if len(clauses) == 1:
        return next(iter(clauses.values()))
    told = [f"by {label}, {text}" for label, text in [*clauses.items()][:MOST_MEASURES]]
    more = len(clauses) - len(told)
    told += [f"{more} more measure{'s are' if more > 1 else ' is'} below."] if more > 0 else []
    return " ".join([told[0], *(text[:1].upper() + text[1:] for text in told[1:])])


def _by_one_measure(results: Results, found: list[Duel], noun: str) -> str:
    wins = Counter(duel.leader for duel in found if duel.decided)
    total, matches = len(found), sum(duel.matched for duel in found)
    open_ones = total - wins.total() - matches
    settings = f"{total} {noun}" if total > 1 else f"the one {noun.removesuffix('s')}"
    if not wins:
        names = " and ".join(called(results.axes, c) for c in results.colours) if len(results.colours) == 2 else "all"
        if matches == total:
            return f"{names} match in {settings}."
        also = f"; {names} match in {matches}" if matches else ""
        told = f"no {results.axes.noun}'s lead stands out from seeds and test samples in {settings}"
        return f"nothing is decided: {told}{also}."
    first, *others = sorted(wins, key=lambda name: (-wins[name], results.colours.index(name)))
    text = f"{called(results.axes, first)} wins {_share(wins[first], total, settings)}"
    if others:
        text += "".join(f", {called(results.axes, name)} {wins[name]}" for name in others)
    text += f"; {matches} {'is a match' if matches == 1 else 'are matches'}" if matches else ""
    return f"{text}; {open_ones} {'is' if open_ones == 1 else 'are'} undecided." if open_ones else f"{text}."


def _share(count: int, total: int, settings: str) -> str:
    if total == 1:
        return settings
    if count == total == 2:
        return settings.replace("2", "both", 1)
    return f"all {settings}" if count == total else f"{count} of {settings}"


def _course(results: Results) -> str:
    """For a study without anything to compare: how the first measure runs from the densest to the sparsest."""
    for measure in results.measures:
        for panel in results.panels:
            for colour in results.colours:
                curve = results.curve(measure, panel, colour)
                if len(curve) > 1:
                    return _from_to(where(results, panel, measure), measure, curve)
    count = sum(len(cells) for cells in results.summaries.values())
    return f"{count} value{'s' if count != 1 else ''} measured." if count else "nothing has been measured yet."


def _from_to(place: str, measure: Measure, curve: Mapping[float, Summary]) -> str:
    (first, start), *_, (last, end) = curve.items()
    unit = f" {measure.unit}" if measure.unit else ""
    told = f"{place} goes from {number(start.mean, measure.unit)}{unit} at {percent(first)} sparsity"
    return f"{told} to {number(end.mean, measure.unit)}{unit} at {percent(last)}."


def _runs(group: list[Duel]) -> str:
    """``robust at 0, 50 and 80 %; undecided at 90 %``: levels in the order they first appear along the sparsities."""
    sparsities: dict[str, list[str]] = {}
    for duel in group:
        sparsities.setdefault(duel.outcome, []).append(percent(duel.sparsity))
    if group[0].sparsity is None:
        return next(iter(sparsities))
    return "; ".join(f"{name} at {_enumerate(places)}" for name, places in sparsities.items())


def _enumerate(places: list[str]) -> str:
    bare = [place.removesuffix(" %") for place in places]
    return f"{', '.join(bare[:-1])} and {places[-1]}" if len(bare) > 1 else places[0]
