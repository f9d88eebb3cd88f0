"""``python -m tombola`` is the command ``tombola``: whenever it is interrupted, it says so in one line."""

import signal
import sys
from types import FrameType
from typing import Final

INTERRUPTED: Final = 3
_heard: Final[list[int]] = []
"""Interrupts so far: a library that is being loaded may turn one into another error."""


def main() -> None:
    """Run the command line of this process; what is loaded first can be interrupted too."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from tombola.cli.main import main as run

        run()
    except SystemExit as ended:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from tombola.cli.leaving import leave

        leave(ended)
        raise
    except (Exception, KeyboardInterrupt):
        if not _heard:
            raise
        sys.stderr.write("interrupted; what was finished is kept, the same command continues\n")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what closes on the way out is not interrupted again


def _interrupt(number: int, frame: FrameType | None) -> None:
    _heard.append(number)
    signal.default_int_handler(number, frame)


if __name__ == "__main__":
    main()
