"""``report.html``: what came out of a race on one page that needs nothing else."""

from collections.abc import Iterator

from tombola.benching.machine import processor
from tombola.models.network import Network
from tombola.race.finish import Finish
from tombola.race.front import HEAD, advice, confirmed, held_out, left_out, points, row, under_attack
from tombola.race.learned import longer, trained
from tombola.race.picture import across, called, tone, unit
from tombola.race.raced import Raced
from tombola.report.figures._base import Table
from tombola.report.markup import Markup, tag
from tombola.report.page import head_called, numbers
from tombola.report.scatter import Spot, draw_scatter


def page(raced: Raced, network: Network) -> str:
    """The page's text: the advice, what held-out samples say of it, the front as a picture and as numbers, the rest."""
    said = tag("h1", None, advice(raced)), tag("p", {"class": "ask"}, confirmed(raced))
    header = tag("header", None, tag("p", {"class": "eyebrow"}, "Tombola · make"), *said)
    main = tag("main", {"id": "main"}, header, _facts(raced, network), *_sections(raced))
    foot = tag("footer", None, "Made by tombola make; needs no network. All of it for programs: result.json.")
    return f"<!doctype html>\n{tag('html', {'lang': 'en'}, head_called('make'), tag('body', None, main, foot))}\n"


def _facts(raced: Raced, network: Network) -> Markup:
    wanted = raced.wanted
    facts = {
        "net": network.source,
        "task": "" if network.adapted is None else network.adapted.title,
        "margin": points(wanted.margin),
        "limits": str(wanted.limits) if wanted.limits else "",
        "target": wanted.target,
        "minutes": f"{raced.seconds / 60:.1f} of {wanted.minutes:g}, without starting and writing",
        "run at": f"batch {wanted.batch}, {wanted.threads} threads",
        "processor": processor(),
    }
    items = [tag("div", None, tag("dt", None, name), tag("dd", None, text)) for name, text in facts.items() if text]
    return tag("dl", {"class": "facts"}, *items)


def _sections(raced: Raced) -> Iterator[Markup]:
    ranked = sorted(raced.front, key=lambda one: one.ms)
    table = Table(HEAD, tuple(tuple(row(raced, one)) for one in ranked))
    count = f"{raced.dense.samples:,} validation samples chose the winner; {trained(raced)}."
    yield _section("The front", _drawn(raced), numbers("The front", table), tag("p", {"class": "caption"}, count))
    yield _section("Held-out samples", _listed([*longer(raced), *held_out(raced), *under_attack(raced)]))
    if raced.left:
        yield _section("Not tried to the end", _listed(left_out(raced)))


def _drawn(raced: Raced) -> Markup:
    """Points of accuracy from the dense net against milliseconds, or megabytes where size is the target."""
    spots = [_spot(one, raced, called(raced, one)) for one in raced.front]
    said = f"The winner is {raced.winner.entrant}; the line is the dense net in float32."
    return tag("div", {"class": "panels"}, draw_scatter(spots, unit(raced), "points from dense", said))


def _spot(one: Finish, raced: Raced, name: str) -> Spot:
    x = across(raced, one)
    said = f"{one.entrant}, {one.engine}: {one.accuracy:.2f} %, {x:.3g}"
    return Spot(name, x, one.accuracy - raced.dense.accuracy, None, None, said, tone=tone(one))


def _section(title: str, *parts: Markup) -> Markup:
    return tag("section", {"aria-label": title}, tag("h2", None, title), *parts)


def _listed(lines: list[str]) -> Markup:
    return tag("ul", {"class": "told"}, *(tag("li", None, line) for line in lines))
