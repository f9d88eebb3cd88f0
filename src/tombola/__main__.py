"""``python -m tombola`` is the command ``tombola``: whenever it is interrupted, it says so in one line."""

import signal
import sys

INTERRUPTED = 3


def main() -> None:
    """Run the command line of this process; what is loaded first can be interrupted too."""
    try:
        from tombola.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was finished is kept, the same command continues\n")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what closes on the way out is not interrupted again


if __name__ == "__main__":
    main()
