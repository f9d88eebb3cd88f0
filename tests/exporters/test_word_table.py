"""WordPiece in C: the ids that the same tokeniser gives in Python, whatever is written."""

import json
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.predicting.test_words_alone import FILES, LIBRARY, WORDS

from tombola.exporters._alone.word_pieces import WordPieces
from tombola.exporters._word_table import word_table

NATIVE = Path(__file__).parents[2]
TEXTS = (
    "a fine film, unaffable!",
    "CAFÉ cafe\u0301 café",
    "İ Σίσυφος ΣΑΣ 中文 ﬁ \u00ad\u2028e\u3000a`b~",
    "",
    "x" * 300,
)


@dataclass(frozen=True)
class Cutter:
    """A compiled program and its tables."""

    program: Path
    table: Path

    def ids(self, texts: list[str], length: int) -> list[list[int]]:
        """Of each text."""
        done = subprocess.run(
            [self.program, self.table, str(length)], input="\n".join(texts).encode(), capture_output=True, check=True
        )
        return [[*map(int, line.split())] for line in done.stdout.decode().split("\n")[:-1]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What cuts lines, with sanitizers."""
    made = tmp_path_factory.mktemp("cut") / "cut"
    warn = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    where = [f"-I{NATIVE / 'src/tombola/native/c/texts'}", str(NATIVE / "tests/native/cut.c")]
    subprocess.run(["gcc", *warn, *where, "-o", str(made)], check=True)
    return made


@pytest.mark.parametrize("kind", FILES)
def test_ids_are_those_of_python(kind: str, program: Path, tmp_path: Path) -> None:
    words = WordPieces(json.loads(LIBRARY[kind].to_str()))
    table = word_table(words)
    assert table is not None
    (tmp_path / "words.dat").write_bytes(table)
    drawn = random.Random(0)
    signs = [*WORDS.replace("[", ""), *map(chr, range(0xA0, 0x250)), "\u0301", "中", "\u200b", "가", "🙂"]
    texts = ["".join(drawn.choices(signs, k=30)).replace("\n", " ").replace("\r", " ") for _ in range(60)]
    found = Cutter(program, tmp_path / "words.dat").ids([*TEXTS, *texts, "last"], 16)
    for text, ids in zip([*TEXTS, *texts], found, strict=False):
        assert ids == words.cut(text, None, 16)[0], repr(text)


def test_what_is_no_utf_8_is_left_out(program: Path, tmp_path: Path) -> None:
    table = word_table(WordPieces(json.loads(LIBRARY["uncased"].to_str())))
    assert table is not None
    (tmp_path / "words.dat").write_bytes(table)
    given = b"a \xff\xc3 b\n\xed\xa0\x80a\n\xf8b"
    done = subprocess.run([program, tmp_path / "words.dat", "9"], input=given, capture_output=True, check=True)
    assert [line.split() for line in done.stdout.decode().splitlines()] == [
        ["2", "5", "6", "3"],
        ["2", "5", "3"],
        ["2", "6", "3"],
    ]


@pytest.mark.parametrize("damage", ["shorter", "another"])
def test_damaged_tables_are_refused(damage: str, program: Path, tmp_path: Path) -> None:
    table = word_table(WordPieces(json.loads(LIBRARY["uncased"].to_str())))
    assert table is not None
    (tmp_path / "words.dat").write_bytes(table[:-1] if damage == "shorter" else b"x" + table[1:])
    assert subprocess.run([program, tmp_path / "words.dat", "9"], input=b"a", check=False).returncode == 1
