"""``card.md``: what was made, from what, how well it does and how to load it, with the fields of a model card."""

from collections.abc import Iterator, Sequence

from tombola.benching.machine import processor
from tombola.models.licence import licence_of
from tombola.models.network import Network
from tombola.race.finish import Finish
from tombola.race.front import left_out, under_attack
from tombola.race.learned import longer, trained
from tombola.race.parts import parts_of
from tombola.race.raced import Raced
from tombola.race.right import accuracy, table
from tombola.tickets.card import fields
from tombola.tickets.ticket import Ticket


def card(raced: Raced, network: Network, ticket: Ticket, runs: str, trust: Sequence[str]) -> str:
    """The text; ``runs`` is the folder with what the engine runs, ``trust`` what `trust_in` says."""
    licence = licence_of(raced.wanted.model.name)
    parts = (
        _title(raced, network, ticket, runs, licence),
        _how_well(raced),
        table(raced.classes),
        trust,
        (f"{line}\n" for line in under_attack(raced)),
        _beside(raced),
        _not_tried(raced),
        _from_what(raced, network, licence),
        _load(raced, runs),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _title(raced: Raced, network: Network, ticket: Ticket, runs: str, licence: str) -> Iterator[str]:
    shipped = raced.winner
    more = [f"license: {licence}"] if licence else []
    yield from fields(network.adapted, ["sparse"] if shipped.pruned else [], "metrics: [accuracy]", *more)
    yield f"# {network.source} for {'' if network.adapted is None else network.adapted.title}"
    yield ""
    yield f"{shipped.entrant}, run by `{shipped.engine}` from `{runs}/`. Made by `tombola make`; `model.ticket` holds"
    yield f"the same weights ({ticket.masks.sparsity:.2%} of {ticket.masks.total:,} prunable ones are zero)."
    yield ""


def _how_well(raced: Raced) -> Iterator[str]:
    wanted = raced.wanted
    yield "## How well"
    yield (
        f"Accuracy on {raced.winner.samples:,} validation samples chose it; held-out samples were looked at once, here."
    )
    yield ""
    yield "| | held-out accuracy (95 %) | samples | ms a run | bytes |"
    yield "|---|---|---|---|---|"
    yield from (_row(one) for one in raced.held_out)
    yield ""
    limits = f", and {wanted.limits}" if wanted.limits else ""
    yield f"Difference: {raced.difference}; allowed: {wanted.margin:g} below{limits}."
    yield "Held." if raced.holds else "**Not held.**"
    yield f"Times: medians, batch {wanted.batch}, {wanted.threads} threads, {processor()}."
    yield ""


def _beside(raced: Raced) -> Iterator[str]:
    yield "## Beside it (validation samples)"
    yield "| net | engine | accuracy | ms | bytes |"
    yield "|---|---|---|---|---|"
    for one in sorted(raced.front, key=lambda one: one.ms):
        yield f"| {one.entrant} | {one.engine} | {one.accuracy:.2f} % | {one.ms:.3f} | {one.bytes:,} |"
    yield ""


def _not_tried(raced: Raced) -> Iterator[str]:
    if raced.left:
        yield "## Not tried to the end"
        yield from (f"- {line}" for line in left_out(raced))
        yield ""


def _from_what(raced: Raced, network: Network, licence: str) -> Iterator[str]:
    wanted = raced.wanted
    yield "## From what"
    yield f"- Weights: {network.origin}."
    yield f"- Data: {wanted.task.name}, digest `{wanted.task.digest()[:16]}`; classes in `labels.txt`."
    yield f"- Splits: {parts_of(wanted.task)}."
    how = "; ".join([trained(raced), *longer(raced)])
    yield f"- Training: {how}. Seed {wanted.seed} alone: another may rank near ones otherwise."
    yield f"- Licence of the source weights: {licence or 'not stated by what they came with'}; nothing here changes it."
    yield ""


def _load(raced: Raced, runs: str) -> Iterator[str]:
    yield "## Load it"
    yield "```python"
    yield "import tombola"
    yield f'model = tombola.load("{_loadable(runs)}")'
    yield f"answer = model.predict({'text' if raced.wanted.of_texts else 'file'!r})  # answer.label, answer.score"
    yield "```"


def _loadable(runs: str) -> str:
    """What `tombola.load` takes of the folder."""
    return {"onnx": "onnx/net.onnx", "native": "native"}.get(runs, "model.ticket")


def _row(one: Finish) -> str:
    return f"| {one.entrant} ({one.engine}) | {accuracy(one)} | {one.samples:,} | {one.ms:.3f} | {one.bytes:,} |"
