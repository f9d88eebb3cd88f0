"""What every command that works on files shares: where it writes, where it keeps checkpoints, how it reports."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tombola.cli import completing
from tombola.cli.commands import OUTPUT, RUNNING
from tombola.cli.progress import reporter
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.fitting.session import Session
    from tombola.spec import Spec

MODEL: str = typer.Argument(
    metavar="MODEL",
    help="resnet20, torchvision:resnet18@IMAGENET1K_V1, timm:NAME, path:FILE, ... (tombola list models).",
    autocompletion=completing.models,
)


def _ticket_or_model(default: Any) -> Any:
    return typer.Argument(
        default,
        metavar="TICKET",
        help="A .ticket file; or a model, as path:net.safetensors.",
        autocompletion=completing.either(completing.files(completing.TICKETS), completing.models),
    )


WHAT: str = _ticket_or_model(...)
WHAT_IF_ANY: str | None = _ticket_or_model(None)
OF_MODEL: str | None = typer.Option(
    None,
    "--model",
    metavar="MODEL",
    help="The pretrained model; without it, the one the ticket names.",
    autocompletion=completing.models,
)
TASK: str | None = typer.Option(
    None,
    "--task",
    metavar="TASK",
    help="A task or a data set, as digits, folder:PATH, segmentation:voc (tombola list datasets, tasks).",
    autocompletion=completing.members("datasets", "tasks"),
)
VALUES: str = typer.Option(
    "float32",
    "--values",
    metavar="TYPE",
    help="Of a self-contained ticket: float32, float16 or bfloat16.",
    rich_help_panel=OUTPUT,
)
AT_ONCE: int = typer.Option(1, "--batch", metavar="COUNT", help="Images, or texts, at once.", min=1)
THREADS: int = typer.Option(
    1, "--threads", metavar="COUNT", help="Threads of each engine.", min=1, rich_help_panel=RUNNING
)


def require_ticket(what: str, model: object) -> None:
    """Raise `RequestError` where a model is given for what is no ticket."""
    if model is not None and not what.endswith(".ticket"):
        raise RequestError(f"--model goes with a ticket, and {what} is a model itself; leave it out")


def fresh_file(out: str, *, overwrite: bool) -> Path:
    """``out`` as a path that can be written; refuses an existing file unless told, and a missing folder."""
    from tombola.disks import require_writable

    path = Path(out)
    if path.is_dir():
        raise RequestError(f"{out} is a folder; write a file name, as in -o {path / 'name'}")
    if path.exists() and not overwrite:
        raise RequestError(f"{out} exists; choose another name or add --overwrite")
    if not path.parent.is_dir():
        raise RequestError(f"the folder {path.parent} does not exist; make it first: mkdir -p {path.parent}")
    require_writable(path.parent)
    return path


def session(folder: Path | None, device: str) -> "Session":
    """A session that shows progress on stderr, in a process that keeps the memory it frees."""
    from tombola.fitting.freed import keep_freed
    from tombola.fitting.session import Session

    keep_freed()
    return Session(folder=folder, device=device, reporter=reporter())


@contextmanager
def checkpoints(path: Path, *request: "Spec | int | str") -> Iterator[Path]:
    """A folder beside ``path`` for training checkpoints, removed once the block is done and kept when it is not.

    Its name carries the key of the request, digests of files among it, so only the same command continues from it.
    """
    from tombola.disks import told
    from tombola.spec import key

    identity = [part if isinstance(part, int | str) else part.identity() for part in request]
    folder = path.with_name(f".{path.name}.{key('verb', 1, list(identity))[:12]}")
    with told(folder):
        folder.mkdir(exist_ok=True)
    try:
        yield folder
    except BaseException:  # whatever ends it, Ctrl-C as well: ``path`` says nothing, it may be the file to overwrite
        with suppress(OSError):
            folder.rmdir()  # only where it is empty
        raise
    shutil.rmtree(folder, ignore_errors=True)
