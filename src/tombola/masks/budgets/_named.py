"""A table of regular expressions read against tensor names: one number for each tensor that a pattern finds."""

import re
from collections.abc import Iterable, Mapping

from tombola.errors import MaskError, near


def check_patterns(table: Mapping[str, float], example: str) -> None:
    """Raise ValueError, for the option the table is, when it is empty or a pattern does not compile."""
    if not table:
        raise ValueError(f"names no layer; write for example {example}")
    for pattern in table:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


def matched(table: Mapping[str, float], names: Iterable[str], option: str) -> dict[str, float]:
    """The number of every tensor in whose name a pattern is found, in the order of ``names``.

    A pattern that finds none is an error, and so are two that find the same tensor and disagree.
    """
    known = list(names)
    for pattern in table:
        if not any(re.search(pattern, name) for name in known):
            some = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
            raise MaskError(
                f"{option}: no prunable tensor has {pattern!r} in its name{near(pattern, known)} (there are: {some})"
            )
    found = {name: {value for pattern, value in table.items() if re.search(pattern, name)} for name in known}
    for name, values in found.items():
        if len(values) > 1:
            patterns = [pattern for pattern in table if re.search(pattern, name)]
            raise MaskError(
                f"{option}: {name} is found by {' and '.join(map(repr, patterns))}, which disagree;"
                " write patterns that do not overlap"
            )
    return {name: values.pop() for name, values in found.items() if values}
