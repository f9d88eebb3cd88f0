"""Files that a set does without: said in a few words, a group a reason, and listed one by one as a table."""

import csv
import io
import re
from collections.abc import Mapping

_KINDS = 6


def grouped(reasons: Mapping[str, str], shown: int = 5) -> str:
    """``2 not an image Pillow can read: a.png, b.png; 1 in no class folder: c.png``, the most frequent reasons first.

    Reasons that differ in numbers alone are one.
    """
    kinds: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        kinds.setdefault(re.sub(r"\d[\d,]*", "#", reason), []).append(name)
    ranked = sorted(kinds.values(), key=lambda names: -len(names))
    told = [f"{len(names)} {reasons[names[0]]}: {_some(names, shown)}" for names in ranked[:_KINDS]]
    return "; ".join(told) + (f"; and {len(ranked) - _KINDS} more reasons" if len(ranked) > _KINDS else "")


def table(reasons: Mapping[str, str]) -> str:
    """All of them as CSV: a line a file, by name."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("file", "reason"))
    writer.writerows((printable(name), reason) for name, reason in sorted(reasons.items()))
    return stream.getvalue()


def printable(name: str) -> str:
    """A file's name with its bytes that are no UTF-8 written out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _some(names: list[str], shown: int) -> str:
    return ", ".join(map(printable, names[:shown])) + (f" and {len(names) - shown} more" if len(names) > shown else "")
