"""What README and documentation show: their fenced blocks, and the commands in those."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("[!r]*/*.md")))
"""All but what is made from the code."""

_BLOCK: Final = re.compile(
    r"^(?P<fence>`{3,})(?P<kind>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE
)
_PROSE: Final = re.compile(r"\s{2,}\S.*$")
_OPEN: Final = re.compile(r"\||\.\.\.|\[|<")
"""What stands for several commands, or for something to be put in."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every fenced block; the language may be empty."""
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [(block["kind"], block["text"]) for block in found]


def prose(page: Path) -> str:
    """The page without its blocks, tables, headings and comments."""
    text = re.sub(r"<!--.*?-->", "", _BLOCK.sub("", page.read_text("utf-8")), flags=re.DOTALL)
    kept = [line for line in text.splitlines() if not re.match(r"\s*(\||#|!\[|<)", line)]
    return "\n".join(kept)


def commands(page: Path) -> Iterator[list[str]]:
    """Every ``tombola`` that a block shows, as its words; what stands behind two spaces is said about it."""
    for kind, text in blocks(page):
        if kind in ("", "bash", "sh", "shell"):
            for line in re.sub(r"\\\n\s*", "", text).splitlines():
                words = _PROSE.sub("", line.strip())
                if words.startswith("tombola ") and not _OPEN.search(words):
                    yield shlex.split(words, comments=True)[1:]


def sentences(page: Path) -> list[int]:
    """How many words each sentence of the page has; code and links count as what is read of them."""
    text = re.sub(r"`[^`\n]+`", "CODE", prose(page))
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\b(e\.g|i\.e|et al|vs|cf|Fig|approx)\.", r"\1", text)
    found: list[int] = []
    for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        for sentence in re.split(r"(?<=[.!?])\*{0,2}\s+", " ".join(part.split())):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            found += [len(words)] if len(words) > 2 else []
    return found
