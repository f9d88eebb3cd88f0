"""Tokenisers: ids cut or parted at a length, a file's by its content, and clear words where there is none."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tombola.data._plain_ids import BEGIN, END
from tombola.data._plain_words import PlainWords
from tombola.data._tokenizers import identity_of, on_hub, tokenizer
from tombola.data._tokens import Written
from tombola.errors import DataError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "stone", "river", "##s", "."]


def model_folder(place: Path, words: list[str] = WORDS) -> Path:
    """A folder with the tokeniser of a small BERT."""
    tokenizers: Any = pytest.importorskip("tokenizers")
    made = tokenizers.BertWordPieceTokenizer({word: number for number, word in enumerate(words)})
    place.mkdir(parents=True, exist_ok=True)
    made.save(str(place / "tokenizer.json"))
    return place


def test_plain_words_are_the_same_whatever_stands_beside_them() -> None:
    one, two = (PlainWords(500).pieces([Written(text)], 16)[0][0].ids for text in ("A stone.", "the STONE, a river"))
    assert one[[0, -1]].tolist() == [BEGIN, END]
    assert int(one[2]) == int(two[2])
    assert int(torch.cat([one, two]).max()) < 500


def test_a_longer_text_comes_in_pieces_that_lose_no_word() -> None:
    text = " ".join(f"word{number}" for number in range(20))
    whole = PlainWords().pieces([Written(text)], 64)[0]
    parts = PlainWords().pieces([Written(text)], 8)[0]
    assert (len(whole), len(parts)) == (1, 4)
    assert max(len(part.ids) for part in parts) == 8
    assert torch.equal(torch.cat([part.ids[1:-1] for part in parts]), whole[0].ids[1:-1])


def test_of_a_pair_the_longer_text_gives_way() -> None:
    pair = Written(" ".join("abcdefghij"), "x y")
    first, rest = PlainWords().pieces([pair], 8)[0]
    assert first.segments.tolist() == [0] * 5 + [1] * 3
    assert (len(first.ids), len(rest.ids)) == (8, 7)
    assert len(PlainWords().pieces([pair], 15)[0]) == 1


def test_a_folders_tokeniser_is_read_and_known_by_its_content(tmp_path: Path) -> None:
    found = tokenizer(str(model_folder(tmp_path / "one")))
    (pieces,) = found.pieces([Written("A stone.", "rivers")], 16)
    assert [WORDS[number] for number in pieces[0].ids.tolist()] == (
        ["[CLS]", "a", "stone", ".", "[SEP]", "river", "##s", "[SEP]"]
    )
    assert pieces[0].segments.tolist() == [0] * 5 + [1] * 3
    assert (found.words, found.pad, found.mask, found.special) == (10, 0, 4, frozenset(range(5)))
    assert found.identity() == tokenizer(str(model_folder(tmp_path / "copy"))).identity()
    other = tokenizer(str(model_folder(tmp_path / "other", [*WORDS, "paper"])))
    assert (other.identity() != found.identity(), other.words) == (True, 11)
    long = found.pieces([Written("a stone a river a stone a river")], 6)[0]
    assert [len(piece.ids) for piece in long] == [6, 6]


def test_a_vocabulary_alone_is_a_berts_and_what_stands_beside_it_names_the_signs(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "mask_token": "[UNK]"}))
    found = tokenizer(str(tmp_path))
    assert found.mask == 1
    assert found.pieces([Written("STONE")], 8)[0][0].ids.tolist() == [2, 6, 3]


def test_what_is_no_tokeniser_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder or file; write the folder of the model"):
        tokenizer(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"holds neither tokenizer\.json nor vocab\.txt"):
        tokenizer(str(tmp_path))
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="no tokeniser that can be read"):
        tokenizer(str(tmp_path))
    with pytest.raises(ValueError, match="plain:3 says no number of words"):
        tokenizer("plain:3")


def test_settings_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    (folder / "tokenizer_config.json").write_text("[1]")
    with pytest.raises(DataError, match=r"tokenizer_config\.json: no settings of a tokeniser but \[1\]"):
        tokenizer(str(folder))


def test_words_by_themselves_have_no_signs_around_them_and_read_back(tmp_path: Path) -> None:
    found = tokenizer(str(model_folder(tmp_path)))
    assert found.bare(" a stone") == [5, 6]
    assert found.said([5, 6]) == "a stone"
    assert found.frequent(9) == [6, 7], "whole words of two letters or more"
    assert found.frequent(1) == [6]
    assert len(found.pieces([Written("a stone a river a stone a river")], 6)[0]) == 2, "and texts are cut as before"


def test_plain_words_have_numbers_alone() -> None:
    plain = PlainWords(100)
    assert plain.bare("No, no.") == [29, 38, 29, 33]
    assert plain.said([55, 16]) == "#55 #16"
    assert plain.frequent(3) == [5, 6, 7]


def test_a_gguf_file_brings_its_words(tmp_path: Path) -> None:
    from tests.models.kinds.test_language_models import gguf_file

    file = gguf_file(tmp_path / "made")
    found = tokenizer(str(file))
    assert (found.words, found.pad, found.mask, found.special) == (12, 0, None, frozenset({0}))
    assert found.bare("ab a") == [6, 5]
    assert found.said([6, 5]) == "ab a"
    assert found.identity() == tokenizer(str(file.parent)).identity()
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    with pytest.raises(DataError, match=r"broken\.gguf: no tokeniser that can be read"):
        tokenizer(str(tmp_path / "broken.gguf"))


def test_the_tokeniser_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_folder(tmp_path / "a_wheel_with_words" / "model")
    (tmp_path / "a_wheel_with_words" / "__init__.py").write_text("")
    (tmp_path / "a_wheel_with_words" / "model" / "config.json").write_text("{}")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert tokenizer("package:a_wheel_with_words").words == 10


def test_a_hubs_name_is_its_own_identity_and_is_read_where_it_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizers: Any = pytest.importorskip("tokenizers")
    assert identity_of("bert-base-uncased") == {"hub": "bert-base-uncased"}
    assert [on_hub(text) for text in ("a/b", "plain", "plain:30", "./a", "/a", "~/a", "a/b/c", "vocab.txt", ".")] == [
        True, *[False] * 8,
    ]  # fmt: skip
    words = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "river": 3}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    monkeypatch.setattr("tombola.data._tokenizer_files._library", lambda: _Hub(made))
    found = tokenizer("somebody/river")
    assert (found.words, found.pad, found.mask) == (4, 0, 2)
    with pytest.raises(DataError, match="tokenizer=nobody/none: no such folder here, and none of that name on the hub"):
        tokenizer("nobody/none")


class _Hub:
    """A hub with one tokeniser."""

    def __init__(self, made: Any) -> None:
        self.Tokenizer = self
        self._made = made

    def from_pretrained(self, name: str) -> Any:
        if name != "somebody/river":
            raise OSError("offline")
        return self._made


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    for library in ("tokenizers", "gguf"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(DataError, match=r"need the library tokenizers, not installed here; type: pip install 'tombola"):
        tokenizer(str(tmp_path))
    with pytest.raises(DataError, match=r"GGUF files need transformers and gguf, not installed here"):
        tokenizer(str(tmp_path / "x.gguf"))
