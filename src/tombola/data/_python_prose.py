"""English prose that Python carries: paragraphs of the docstrings of its standard library and of its reference."""

import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tombola.errors import DataError

KINDS: Final[Mapping[str, str]] = {
    "files": "os shutil pathlib glob tempfile zipfile tarfile gzip bz2 lzma fileinput posixpath stat _pyio io filecmp"
    " mailbox shelve dbm",
    "language": "",  # the topics of `help`
    "networking": "email http urllib smtplib ftplib imaplib poplib socket ssl socketserver xmlrpc ipaddress wsgiref",
    "numbers": "statistics _pydecimal fractions random datetime _pydatetime calendar colorsys numbers heapq bisect"
    " decimal zoneinfo _strptime",
    "processes": "asyncio concurrent threading multiprocessing subprocess queue sched selectors signal contextlib",
    "testing": "unittest doctest pdb bdb trace logging warnings traceback timeit profile cProfile pstats inspect",
}
_FEWEST, _MOST = 10, 45  # words of a paragraph
_PIECES: Final = 60  # the most words and signs
_LETTERS: Final = 0.75  # the share of its words that are nothing but letters
_MARKS: Final = (">>>", "..", "+-", "|", "-", "*", ":", "@")


@cache
def paragraphs() -> Mapping[str, tuple[str, ...]]:
    """By kind, sorted, none of the same words as another; raises `DataError` for a Python that carries no sources."""
    place = Path(sysconfig.get_paths()["stdlib"])
    found = {kind: set(_topics() if not names else _docstrings(place, names)) for kind, names in KINDS.items()}
    words = {kind: {_words(text): text for text in sorted(texts)} for kind, texts in found.items()}
    often = Counter(said for texts in words.values() for said in texts)
    once = {kind: tuple(text for said, text in texts.items() if often[said] == 1) for kind, texts in words.items()}
    if few := [kind for kind, texts in once.items() if len(texts) < 50]:
        raise DataError(
            f"prose: this Python carries hardly any text of {', '.join(few)} in {place}; one with its standard library"
            " as sources does, as from python.org, or take texts of your own: text:FILE.csv"
        )
    return once


def _words(text: str) -> str:
    """What two paragraphs that differ by signs and capitals alone share."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _topics() -> Iterator[str]:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return
    for topic in topics.values():
        yield from _prose(topic)


def _docstrings(place: Path, names: str) -> Iterator[str]:
    for name in names.split():
        files = [place / f"{name}.py"] if (place / f"{name}.py").is_file() else sorted((place / name).rglob("*.py"))
        for file in files:
            if "test" not in file.relative_to(place).parts:
                for text in re.findall(r'"""(.*?)"""', file.read_text(encoding="utf-8", errors="replace"), re.DOTALL):
                    yield from _prose(text)


def _prose(text: str) -> Iterator[str]:
    """Paragraphs that are sentences: no code, no lists, no tables."""
    for block in re.split(r"\n\s*\n", text):
        words = block.split()
        if (
            _FEWEST <= len(words) <= _MOST
            and words[0][0].isupper()
            and words[-1].endswith(".")
            and len(re.findall(r"\w+|[^\w\s]", block)) <= _PIECES
            and sum(word.isalpha() for word in words) >= _LETTERS * len(words)
            and not any(line.lstrip().startswith(_MARKS) for line in block.splitlines())
        ):
            yield " ".join(words)
