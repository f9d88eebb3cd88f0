"""Pages are read by people in a hurry: their sentences have at most so many words on average."""

from pathlib import Path
from statistics import fmean
from typing import Final

import pytest
from tests.docs.shown import PAGES, ROOT, sentences

MOST: Final = 22
ALL: Final = 20
"""Over all pages together."""


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "index.md"], ids=lambda page: page.stem)
def test_sentences_are_short(page: Path) -> None:
    assert fmean(sentences(page)) <= MOST


def test_and_shorter_over_all_pages() -> None:
    assert fmean(words for page in PAGES for words in sentences(page)) <= ALL


def test_words_are_counted_as_one_reads_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Title\n\nOne two `three of it` four\n[five six](seven.md). Eight nine ten.\n\n- A b c d.\n\n```\ncode\n```\n"
    )
    assert sentences(page) == [6, 3, 4]
