"""``tombola make``: from labelled examples and a pretrained model to something to ship, in one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

import typer

from tombola.cli import completing, settings
from tombola.cli.commands import OUTPUT
from tombola.cli.output import JSON, summarised
from tombola.cli.progress import reporter
from tombola.cli.run import RUNNER
from tombola.cli.shortcuts import holds_texts, shortcuts
from tombola.cli.studies import STORE
from tombola.cli.tracking import trackable
from tombola.cli.work import AT_ONCE, THREADS
from tombola.data._text_files import TABLES
from tombola.errors import DataError, RequestError

if TYPE_CHECKING:
    from tombola.race.wanted import Target
    from tombola.tasks._base import Task

EXAMPLES: Final = (
    "tombola make photos --model timm:resnet18.a1_in1k --size 160 --minutes 20",
    "tombola make digits --model resnet8 --max-drop 2 --minutes 2 -o digits",
    "tombola make reviews.csv --model hf:./minilm --target size",
)


@trackable
@shortcuts(size="task.size", lr="fit.optimizer.lr")
def make(
    what: str = typer.Argument(
        metavar="EXAMPLES",
        help="Labelled examples: a folder a class, a table of texts, or a task (digits, ...).",
        autocompletion=completing.files(TABLES),
    ),
    model: str = typer.Option(
        ...,
        "--model",
        metavar="MODEL",
        help="The pretrained model: timm:NAME, hf:FOLDER, path:FILE, ...",
        autocompletion=completing.models,
    ),
    max_drop: float = typer.Option(
        1.0, "--max-drop", metavar="POINTS", help="Points of accuracy it may lose.", min=0, max=100
    ),
    target: str = typer.Option(
        "latency", "--target", metavar="TARGET", help="What is to be small: latency, size or both."
    ),
    minutes: float = typer.Option(
        20.0, "--minutes", metavar="MINUTES", help="About how long it may take here.", min=0.1
    ),
    latency: str | None = typer.Option(
        None, "--latency", metavar="TIME", help="What a run may take here at most, as 2ms."
    ),
    most_bytes: str | None = typer.Option(
        None, "--bytes", metavar="BYTES", help="What its files may take at most, as 4MB."
    ),
    robust: str | None = typer.Option(
        None,
        "--robust",
        metavar="EPS",
        help="Train everything against an adversary who moves each pixel so far, as 2/255, and say what is kept.",
    ),
    batch: int = AT_ONCE,
    threads: int = THREADS,
    out: str = typer.Option(
        "made", "-o", "--out", metavar="FOLDER", help="The folder to make.", rich_help_panel=OUTPUT
    ),
    store: str = STORE,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    runner: str = RUNNER,
    as_json: bool = JSON,
) -> None:
    """Find the fastest or smallest net that is nearly as good.

    It is left ready to run. The dense net in float32 and in int8, and tickets in C and in smaller layers, race on
    validation samples; the winner is judged once on held-out ones. What is slower than what is there already is not
    trained. Killed, the same command goes on. --set task.size=160 and the like are for the task, fit.batch=16 for
    training, model.X for the model.
    """
    from tombola.disks import require_writable
    from tombola.fitting.freed import keep_freed
    from tombola.models.source import Source
    from tombola.race.attacked import against_an_adversary
    from tombola.race.front import lines
    from tombola.race.limits import Limits
    from tombola.race.race import race
    from tombola.race.ship import plain, ship
    from tombola.race.wanted import Wanted
    from tombola.study.store import Store

    keep_freed()
    folder, options = Path(out), settings.settings(set_)
    require_writable(folder.absolute().parent)
    fit = settings.options_of_fit(options)
    source = Source.parse(settings.taken(options, "model", model))
    task = task_of(what, model, settings.options_of_task(options, what))
    if options:
        raise RequestError(
            f"--set {next(iter(options))}=...: set options of task, fit or model, as in --set task.size=160"
        )
    limits, eps = Limits.of(latency, most_bytes), against_an_adversary(robust, task, fit)
    wanted = Wanted(source, task, max_drop, _target(target), minutes, batch, threads, fit, seed, limits, eps)
    kept = Store.at(store)
    trained_by = settings.named(runner, "--runner")
    raced = race(wanted, folder, kept, device=device, reporter=reporter(), runner=trained_by)
    files = ship(raced, folder, kept)
    summarised(as_json, plain(raced), [*lines(raced), "", *(str(file) for file in files)])


def task_of(what: str, model: str, given: dict[str, Any]) -> "Task":
    """The task that examples are: images of a folder, texts of a table or of a folder of texts, or one by name.

    Of a folder of images one that cannot be read is left out, with a warning, and images that look alike are kept on
    one side of a split; its only table says their classes where no folders do. Texts are read by the model's tokeniser,
    from columns that are found by their names.
    """
    from tombola.tasks._base import Task

    path = Path(what)
    if not path.exists():
        return Task.parse({"name": what, **given})
    if path.is_file() and path.suffix.lower() not in TABLES:
        raise RequestError(f"{what}: is no table of texts ({', '.join(TABLES)}); name a folder with one folder a class")
    if path.is_file() or holds_texts(path):
        tokenizer = {"tokenizer": model.partition(":")[2]} if model.startswith("hf:") else {}
        return Task.parse(
            {
                "name": f"text:{what}",
                "broken": "skip",
                "alike": "together",
                **tokenizer,
                **_columns(path, given),
                **given,
            }
        )
    return Task.parse(
        {"name": f"folder:{what}", "broken": "skip", "alike": "together", **_labels(path, given), **given}
    )


def _columns(path: Path, given: dict[str, Any]) -> dict[str, str]:
    """The columns of a table of texts, where nobody named one and they are not called as usual."""
    from tombola.data._text_columns import text_columns

    tables = [path] if path.is_file() else [file for end in TABLES if (file := path / f"train{end}").is_file()]
    if not tables or {"text", "second", "label"} & given.keys():
        return {}
    found = text_columns(tables[0])
    if (found.text, found.label) != ("text", "label"):
        typer.echo(f"{tables[0]}: {found}", err=True)
    return {"text": found.text, "label": found.label, **({"second": found.second} if found.second else {})}


def _labels(folder: Path, given: dict[str, Any]) -> dict[str, str]:
    """The only table of a folder in which no folders say what images are."""
    from tombola.data._label_tables import tables_in
    from tombola.data._tree import read_tree

    if "labels" in given or not (tables := tables_in(folder)):
        return {}
    try:
        if len(read_tree(folder).classes) > 1:
            return {}
    except DataError:
        pass  # no class folders: the table may say it
    if len(tables) > 1:
        raise RequestError(
            f"{folder}: {', '.join(tables)}: which of them says the images' classes? Write --set task.labels=FILE"
        )
    typer.echo(f"{folder}: classes from {tables[0]}", err=True)
    return {"labels": tables[0]}


def _target(text: str) -> "Target":
    from tombola.race.wanted import Target

    if text not in get_args(Target):
        raise RequestError(f"--target {text}: write {', '.join(get_args(Target))}")
    return cast("Target", text)
