"""What an error looks like: one message on stderr that begins with ``error:``, whoever found it, and an exit code.

Exit codes: 0 done, 1 a stage failed, 2 the request is wrong, 3 partly done and resumable. A terminal shows lines broken
between words; what is piped keeps a sentence on one line.
"""

import errno
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

from tombola.cli.mistyped import misused
from tombola.cli.output import styled
from tombola.errors import TombolaError, readable

FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 3

UsageError: Final[Any] = typer.BadParameter.__bases__[0]  # click's, which typer brings in a package of its own
_WRONG_PATH: Final = {
    errno.EACCES, errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT,
    errno.ENOTDIR, errno.EPERM, errno.EROFS,
}  # fmt: skip
_KEPT: Final = "interrupted; what was finished is kept, the same command continues"


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong inside for reasons we know is told in one message, with its exit code."""
    try:
        yield
    except TombolaError as error:
        raise failed(str(error), error.exit_code) from error
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # no mistake: it shows the help
            raise
        raise failed(misused(error), WRONG) from error
    except OSError as error:
        if error.filename is None:  # a closed pipe, say: typer knows what to do
            raise
        code = WRONG if error.errno in _WRONG_PATH else FAILED
        raise failed(f"{error.filename}: {error.strerror}", code) from error
    except (KeyboardInterrupt, typer.Abort):
        typer.echo(_KEPT, err=True)
        raise typer.Exit(INTERRUPTED) from None


def failed(message: str, code: int) -> typer.Exit:
    """Say it, and the exit to raise."""
    _say("error", message, fg="red")
    return typer.Exit(code)


def told_once() -> Callable[..., None]:
    """A `warnings.showwarning`: one line that begins with ``warning:``, without the line of code it comes from.

    No message is told twice: every stage of a study reads the same net and the same folder again.
    """
    said: set[str] = set()

    def warned(message: Warning | str, *about: object, **more: object) -> None:
        del about, more
        if str(message) not in said:
            said.add(str(message))
            _say("warning", str(message), fg="yellow")

    return warned


def _say(kind: str, message: str, **style: Any) -> None:
    text = f"{kind}: {readable(message)}"
    if sys.stderr.isatty():
        text = wrapped(text, shutil.get_terminal_size().columns)
    head, colon, rest = text.partition(":")
    typer.echo(f"{styled(head + colon, on=sys.stderr, bold=True, **style)}{rest}", err=True)


def wrapped(text: str, width: int) -> str:
    """The text in lines of so many characters, broken between words; what is longer than a line stays whole.

    >>> wrapped("error: one two three", 12)
    'error: one\\n  two three'
    """
    broken = [
        textwrap.fill(
            line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        for line in text.split("\n")
    ]
    return "\n".join(broken)
