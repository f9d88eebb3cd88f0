"""How programs that stand alone say their answers."""

import json
import sys
from collections.abc import Iterable

from tombola.choices import Answer, Failed


def told(answers: Iterable[Answer | Failed], *, as_json: bool) -> int:
    """The exit code. Answers go to stdout, each as it comes or all as JSON, and what failed to stderr."""
    found = []
    for one in answers:
        found.append(one)
        if isinstance(one, Failed):
            sys.stderr.write(f"failed: {one}\n")
        elif not as_json:
            sys.stdout.write(f"{one}\n")
    if as_json:
        sys.stdout.write(json.dumps([one.plain() for one in found], indent=2) + "\n")
    return int(any(isinstance(one, Failed) for one in found))
