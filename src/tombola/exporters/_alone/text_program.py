"""What this net says of texts: python predict.py TEXTS... Python 3.10 or newer; no Tombola, no torch.

A text is a FILE.csv, .tsv or .jsonl (its column of texts), a FILE.txt (a text a line), - for lines on stdin, or itself.
It needs numpy and what runs the net (onnxruntime, or a C compiler); a tokenizer.json that is no WordPiece needs
tokenizers too. What cannot be read is named on stderr, the rest goes on, and the exit code is 1.

From Python: from predict import load; load().predict("a fine film").label
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tombola.choices import Answer, Failed, answer_of
from tombola.data._plain_ids import plain_cut
from tombola.exporters._alone.onnx_texts import opened_texts
from tombola.exporters._alone.telling import told
from tombola.exporters._alone.word_pieces import word_pieces

MODEL = "net.onnx"
WORDS = "tokenizer.json"


class Words(Protocol):
    """What cuts texts."""

    def cut(self, first: str, second: str | None, length: int) -> tuple[list[int], list[int]]:
        """``length`` ids at most, and which of a pair each is of."""


class PlainWords:
    """Words numbered by a checksum, so many of them."""

    def __init__(self, words: int) -> None:
        self._words = words

    def cut(self, first: str, second: str | None, length: int) -> tuple[list[int], list[int]]:
        return plain_cut(first, second, self._words, length)


class OfLibrary:
    """What the library tokenizers makes of a file."""

    def __init__(self, file: Path) -> None:
        import tokenizers

        self._inner: Any = tokenizers.Tokenizer.from_file(str(file))
        self._inner.no_padding()

    def cut(self, first: str, second: str | None, length: int) -> tuple[list[int], list[int]]:
        self._inner.enable_truncation(length)
        found = self._inner.encode(first) if second is None else self._inner.encode(first, second)
        return list(found.ids), list(found.type_ids)


class Model:
    """A net that answers."""

    def __init__(self, file: Path) -> None:
        self._net = opened_texts(file)
        notes = self._net.notes
        data = notes["adapted"]["task"]["data"]
        self.classes = tuple(notes["adapted"]["classes"])
        self.text, self.second = data.get("text", "text"), data.get("second", "text2")
        self._length = int(data.get("length") or 64)
        self._length = min(self._length, self._net.longest or self._length)
        home = file if file.is_dir() else file.parent
        self._words = _words(data.get("tokenizer"), home / WORDS)

    def predict(self, text: str, second: str | None = None, top: int = 5) -> Answer:
        """The likeliest classes of a text, or of a pair; raises ValueError where there is no answer."""
        found = self.answer("the text", text, second, top)
        if isinstance(found, Failed):
            raise ValueError(found.reason)
        return found

    def answer(self, name: str, text: object, second: object, top: int) -> Answer | Failed:
        """The same, or why there is no answer."""
        if not isinstance(text, str) or not text.strip():
            return Failed(name, "the text is empty")
        ids, of = self._words.cut(text.strip(), second if isinstance(second, str) and second else None, self._length)
        found = self._net.logits(ids, of)
        return answer_of(name, found, self.classes or tuple(map(str, range(len(found)))), top)


def load(place: Path | str | None = None) -> Model:
    """The net beside this program, or the one given."""
    return Model(Path(__file__).parent / MODEL if place is None else Path(place))


def main(words: Sequence[str] | None = None) -> int:
    """What the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="predict.py", description="What the net says of texts.")
    parser.add_argument("texts", nargs="+", help="FILE.csv, .tsv, .jsonl or .txt, - for stdin, or a text")
    parser.add_argument("--text", help="the column of a table that holds the texts")
    parser.add_argument("--second", help="the column that holds the second texts of pairs")
    parser.add_argument("--top", type=int, default=5, help="so many of the likeliest classes")
    parser.add_argument("--json", action="store_true", help="print all answers as JSON")
    parser.add_argument("--model", help="another net than the one beside this program")
    asked = parser.parse_args(words)
    model = load(asked.model)
    columns = asked.text or model.text, asked.second or model.second
    answers = (
        one if isinstance(one, Failed) else model.answer(*one, max(1, asked.top))
        for one in _texts(asked.texts, *columns)
    )
    return told(answers, as_json=asked.json)


def _words(meant: object, file: Path) -> Words:
    if isinstance(meant, str) and meant.startswith("plain:"):
        return PlainWords(int(meant.removeprefix("plain:")))
    return word_pieces(file) or OfLibrary(file)


def _texts(given: Sequence[str], text: str, second: str) -> Iterator[tuple[str, object, object] | Failed]:
    """The texts by name, and the second ones of pairs."""
    for name in given:
        path = Path(name)
        if path.suffix.lower() in (".csv", ".tsv", ".jsonl", ".txt") and not path.is_file():
            yield Failed(name, "there is no such file")
        elif path.suffix.lower() in (".csv", ".tsv", ".jsonl"):
            for line, row in _rows(path):
                if text in row:
                    yield f"{name}:{line}", row[text], row.get(second)
                else:
                    yield Failed(f"{name}:{line}", f"no column {text!r}; write --text NAME")
        elif path.suffix.lower() == ".txt" or name == "-":
            lines = sys.stdin.read() if name == "-" else path.read_text("utf-8-sig")
            yield from ((f"{name}:{line}", one, None) for line, one in enumerate(lines.split("\n"), 1) if one.strip())
        else:
            yield name, name, None


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        if path.suffix.lower() == ".jsonl":
            yield from ((number, json.loads(line)) for number, line in enumerate(stream, 1) if line.strip())
            return
        first = stream.readline()
        stream.seek(0)
        marks = "\t" if path.suffix.lower() == ".tsv" else ",;\t"
        reader = csv.DictReader(stream, delimiter=next((mark for mark in marks if mark in first), ","))
        for row in reader:
            yield reader.line_num, row
