"""Everyday settings as flags: ``--sparsity 0.9`` is short for ``--set sparsity=0.9``.

Each is declared once in `SHORTCUTS`; a command says under which path it takes it: ``@shortcuts(epochs="fit.epochs")``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from tombola.cli import completing, families
from tombola.cli.commands import EVERYDAY
from tombola.cli.flags import Flag, flagged
from tombola.data._text_files import TABLES
from tombola.errors import RequestError

PACKS: Final = (".npz", ".zip")


@dataclass(frozen=True)
class Shortcut:
    """What stands for the value, what the help says, how the value is written under ``--set``, and what may follow."""

    metavar: str
    help: str
    spelt: Callable[[str], str] = str
    complete: Callable[[str], list[str]] | None = None

    def flag(self, name: str) -> Flag:
        """As an option."""
        return Flag(
            str | None,
            typer.Option(
                None,
                f"--{name}",
                metavar=self.metavar,
                help=self.help,
                rich_help_panel=EVERYDAY,
                autocompletion=self.complete,
            ),
        )


@dataclass(frozen=True)
class Chosen:
    """The member of a family that an argument of the command names, else the one it is without."""

    family: str
    option: str
    usual: str

    def require(self, given: Mapping[str, Any], flags: Mapping[str, str]) -> None:
        """Raise `RequestError` for a flag whose path is an option of other members."""
        value = given[self.option]
        text = (value[0] if value else None) if isinstance(value, list) else value
        member = (text or self.usual).partition(":")[0]
        if member not in families.names(self.family):
            return  # whoever reads it says so
        for name, path in flags.items():
            head = path.partition(".")[0]
            if head not in ("task", *families.option_names(self.family, member)):
                others = families.names(self.family)
                able = [other for other in others if head in families.option_names(self.family, other)]
                raise RequestError(
                    f"{member} has no --{name}; it goes with --{self.option.strip('_')} {' or '.join(able)}"
                )


def shortcuts(of: Chosen | None = None, **paths: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these flags, each short for ``--set PATH=VALUE``.

    ``of`` is whose options they are, unless they are a task's: one that the chosen member has not is refused by name.
    """

    def used(given: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        texts = _all(paths, given["set_"], found)
        if of is not None:
            of.require(given, {name: paths[name] for name, value in found.items() if value is not None})
        return {**given, "set_": texts}

    def given_to(command: Callable[..., None]) -> Callable[..., None]:
        return flagged(command, {name: SHORTCUTS[name].flag(name) for name in paths}, used)

    return given_to


def _all(paths: Mapping[str, str], set_: list[str], found: Mapping[str, str | None]) -> list[str]:
    """The texts of ``--set``, those of flags first."""
    by_hand = {text.partition("=")[0].strip() for text in set_}
    texts = []
    for name, value in found.items():
        if value is None:
            continue
        if paths[name] in by_hand:
            raise RequestError(f"--{name} and --set {paths[name]}=... say the same; write one of them")
        if not value.strip():
            raise RequestError(f"--{name}: write a value, as in --{name} {EXAMPLES[name]}")
        texts.append(f"{paths[name]}={SHORTCUTS[name].spelt(value)}")
    return [*texts, *set_]


def _epochs(text: str) -> str:
    """``20`` epochs as ``20ep``; what names its unit as it is."""
    return f"{text}ep" if text.replace(".", "", 1).isdigit() else text


def task_in(text: str) -> str:
    """The task that examples at a place are: ``folder:photos``, ``text:reviews.csv``, ``pack:cells.npz``."""
    path = Path(text).expanduser()
    if path.is_dir():
        return f"{'text' if holds_texts(path) else 'folder'}:{text}"
    if path.suffix.lower() in (*TABLES, *PACKS) and path.is_file():
        return f"{'text' if path.suffix.lower() in TABLES else 'pack'}:{text}"
    _, _, place = text.partition(":")
    if place and Path(place).expanduser().exists():
        raise RequestError(f"--data {text}: write the place alone, --data {place}; or the whole of it as --task {text}")
    raise RequestError(
        f"--data {text}: write a folder with a folder a class in it, or a {', '.join((*TABLES, *PACKS))} file that is"
        " there; a set by its name goes with --task, as in --task digits"
    )


def holds_texts(folder: Path) -> bool:
    """Whether a folder's examples are texts: files of them, or a table to train on, and no image."""
    from tombola.data._image_files import files_below, is_image

    texts = any(folder.glob("*/*.txt")) or any((folder / f"train{suffix}").is_file() for suffix in TABLES)
    return texts and not any(map(is_image, files_below(folder)))


SHORTCUTS: Final = {
    "sparsity": Shortcut("SHARE", "How much of the weights is pruned: 0.9 leaves one in ten."),
    "pattern": Shortcut(
        "PATTERN",
        "What is kept or pruned together: element, stripe:4, nm:2:4, channel.",
        complete=completing.members("patterns"),
    ),
    "budget": Shortcut(
        "BUDGET",
        "How what is kept is shared among layers: global, uniform, erk.",
        complete=completing.members("budgets"),
    ),
    "score": Shortcut(
        "SCORE", "What a weight is worth: magnitude, taylor, snip.", complete=completing.members("scores")
    ),
    "data": Shortcut(
        "PATH",
        "Your own examples instead of --task: a folder a class, a table of texts, a pack.",
        spelt=lambda text: json.dumps(task_in(text), ensure_ascii=False),
    ),
    "size": Shortcut("PIXELS", "The side, in pixels, that images are resized to."),
    "epochs": Shortcut("EPOCHS", "How long to train: 20, or steps as 500it.", spelt=_epochs),
    "lr": Shortcut("RATE", "The learning rate, as 0.01."),
    "batch": Shortcut("COUNT", "Samples a step of training."),
    "eps": Shortcut("RADIUS", "How far an attack may move a pixel, as 8/255."),
}
EXAMPLES: Final = {
    "sparsity": "0.9", "pattern": "stripe:4", "budget": "uniform", "score": "magnitude", "data": "photos",
    "size": "224", "epochs": "20", "lr": "0.01", "batch": "64", "eps": "8/255",
}  # fmt: skip
