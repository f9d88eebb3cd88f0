"""What every benchmark shares: `--quick`, the figures on its last line, and exit code 1 where a bar is missed."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """A figure and what it must reach: at least ``bar``, or at most where ``at_most``. NaN reaches nothing."""

    what: str
    figure: float
    bar: float
    at_most: bool = False
    form: str = ".2f"

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its bar."""
        return self.figure <= self.bar if self.at_most else self.figure >= self.bar

    def __str__(self) -> str:
        side = "at most" if self.at_most else "at least"
        word = "" if self.met else " MISSED"
        return f"{self.what} {self.figure:{self.form}} ({side} {self.bar:{self.form}}{word})"


def parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None, **quick: Any) -> argparse.Namespace:
    """The options. With ``--quick`` those named here are the defaults; what is given by hand counts all the same."""
    told = " ".join(f"{name}={value}" for name, value in quick.items())
    parser.add_argument("--quick", action="store_true", help=f"the check within three minutes on two cores: {told}")
    if parser.parse_known_args(arguments)[0].quick:
        parser.set_defaults(**quick)
    return parser.parse_args(arguments)


def closing(*bars: Bar) -> int:
    """Print the last line; 0 where every bar is met, else 1."""
    print("; ".join(map(str, bars)), flush=True)
    return 0 if bars and all(bar.met for bar in bars) else 1
