"""The folder that is made: the ticket, what the winning engine runs, the names of classes, the card and the picture."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tombola import verbs
from tombola.benching.asked import Questions
from tombola.data._base import loaded
from tombola.data._left_out import table
from tombola.disks import written
from tombola.engines._base import Engine, Subject
from tombola.engines.native import FOLDER
from tombola.engines.onnxruntime import FILE
from tombola.exporters._alone.writing import LABELS, beside_onnx, labels
from tombola.exporters._program_in_c import program_in_c
from tombola.exporters.onnx import say
from tombola.models.network import Network
from tombola.models.said import said_in
from tombola.race.card import card
from tombola.race.decided import Met
from tombola.race.known import setting_of
from tombola.race.longer import Longer
from tombola.race.page import page
from tombola.race.picture import write_picture
from tombola.race.raced import Raced
from tombola.race.right import SHOWN
from tombola.race.trust import trust_in
from tombola.study.store import Store
from tombola.tasks._base import Task
from tombola.tasks._of_data import OfData
from tombola.tasks._texts import OfTexts, tokenizer_named
from tombola.tickets.ticket import Ticket

LEFT_OUT: Final = "left_out.csv"
RUNS: Final = {"onnxruntime": "onnx"}
"""What the folder of an engine's files is called; for others as the engine."""


def ship(raced: Raced, folder: Path, store: Store) -> list[Path]:
    """The files of the winner, in the order of the card; files of an earlier run of the same race are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    network, ticket = _finished(raced, store)
    ticket.save(folder / "model.ticket", overwrite=True)
    runs = _run_by(raced, network, ticket, folder)
    names = () if network.adapted is None else network.adapted.classes
    texts = {
        LABELS: labels(names),
        **left_out_of(raced.wanted.task),
        "result.json": json.dumps(plain(raced), indent=1) + "\n",
        "card.md": card(raced, network, ticket, runs.name, trust_in(raced, network)),
        "report.html": page(raced, network),
    }
    for name, text in texts.items():
        with written(folder / name) as beside:
            beside.write_text(text, encoding="utf-8")
    write_picture(raced, folder / "front.png")
    return [folder / name for name in ("model.ticket", runs.name, *texts, "front.png")]


def left_out_of(task: Task) -> dict[str, str]:
    """The files, or rows, of the examples that could not be used, as a table by its name; nothing where all could."""
    found = loaded(task.data).left_out if isinstance(task, OfData | OfTexts) else {}
    return {LEFT_OUT: table(found)} if found else {}


def plain(raced: Raced) -> dict[str, Any]:
    """The result as plain JSON; outcomes are left in the store."""
    return {
        "winner": _finish(raced.winner),
        "dense": _finish(raced.dense),
        "rival": _finish(raced.rival),
        "held_out": [_finish(one) for one in raced.held_out],
        "worst_classes": [asdict(one) for one in raced.classes[:SHOWN]],
        "difference": asdict(raced.difference),
        "margin": raced.wanted.margin,
        "holds": raced.holds,
        "target": raced.wanted.target,
        "steps": raced.steps,
        "stretch": raced.stretch,
        "learned": raced.ran.learned,
        **({} if raced.end.met is None else {"met": _met(raced.end.met)}),
        **({} if raced.longer is None else {"longer": _longer(raced.longer)}),
        "front": [_finish(one) for one in raced.front],
        "left_out": dict(raced.left),
        "minutes": round(raced.seconds / 60, 2),
        **({"attacked": {name: list(kept) for name, kept in raced.attacked.items()}} if raced.attacked else {}),
    }


def _finish(one: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "outcomes"}


def _met(one: Met) -> dict[str, Any]:
    return {"ahead": one.ahead.entrant, "behind": one.behind, **_longer(one.longer)}


def _longer(one: Longer) -> dict[str, Any]:
    return {"steps": one.steps, "before": one.before.accuracy, "after": one.after.accuracy, "kept": one.kept}


def _finished(raced: Raced, store: Store) -> tuple[Network, Ticket]:
    stage = raced.ran.finished
    folders = {one.key: store.folder(one.key) for one in (stage, *stage.inputs)}
    network = stage.network(folders)
    network.origin = said_in(raced.net).origin or network.origin  # not the file in the store that a ticket began at
    return network, verbs.keep(network, stage.drawn.ticket(folders), stage.task)


def _run_by(raced: Raced, network: Network, ticket: Ticket, folder: Path) -> Path:
    """What the winning engine was timed with, made once more: the whole C for ``native``, its model for others."""
    wanted, engine = raced.wanted, Engine.parse(raced.winner.engine)
    setting = setting_of(network, wanted)
    examples = Questions(wanted.task).calibration(setting) if engine.arithmetic == "int8" else None
    called = raced.winner.engine.removeprefix("shrunk:").partition(":")[0]
    place = folder / RUNS.get(called, called)
    part = place.with_name(f".{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for file in engine.prepare(Subject(network, ticket.masks, setting, examples), part):
        say(file, network, setting.shown)
    whole = part / FOLDER if called == "native" else part
    for name, content in _program(called, network, tokenizer_named(wanted.task)).items():
        (whole / name).write_bytes(content)
    _replace(place, whole)
    shutil.rmtree(part, ignore_errors=True)
    return place


def _replace(place: Path, whole: Path) -> None:
    """Put a folder that is whole where another one may be, which is removed last: nobody is ever left with half."""
    before = place.with_name(f".{place.name}.old")
    shutil.rmtree(before, ignore_errors=True)
    if place.exists():
        place.rename(before)
    whole.rename(place)
    shutil.rmtree(before, ignore_errors=True)


def _program(engine: str, network: Network, words: str | None) -> dict[str, bytes]:
    """``predict.py`` and what it needs, by name; of texts their tokeniser, which the task may name."""
    if engine == "onnxruntime":
        return beside_onnx(network, FILE, words)
    return program_in_c(network, words) if engine == "native" else {}
