"""`program_in_c`: ``predict.py`` for a folder of C, and what it needs beside it."""

import json
from typing import Final

from tombola.exporters._alone.word_pieces import pieces_of
from tombola.exporters._alone.words import FILE, words_of
from tombola.exporters._alone.writing import PROGRAM, fits, program
from tombola.exporters._word_table import NAME as TABLE
from tombola.exporters._word_table import word_table
from tombola.models.network import Network

WORDLESS: Final = (
    "the net was not adapted to telling classes of texts, or its tokeniser is not here; write --set tokenizer=FOLDER,"
    " or cut texts into ids yourself"
)


def program_in_c(network: Network, tokenizer: str | None = None) -> dict[str, bytes]:
    """The program that tells classes and what it needs beside it, by their names; nothing where there is none.

    Of texts their tokeniser is looked for by the name given too.
    """
    if not fits(network):
        return {}
    if network.normalise.READS == "images":
        return {PROGRAM: program("native", ".").encode()}
    words = words_of(network, tokenizer)
    if words is None:
        return {}
    pieces = pieces_of(json.loads(words[FILE])) if FILE in words else None
    table = None if pieces is None else word_table(pieces)
    tables = {} if table is None else {TABLE: table}
    return {PROGRAM: program("native texts", ".").encode(), **words, **tables}
