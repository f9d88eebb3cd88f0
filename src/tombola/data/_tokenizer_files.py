"""Tokenisers of models, read from the files beside their weights with the library ``tokenizers``; no code is run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final, final

import torch

from tombola.data._gguf_words import GGUF, of_gguf
from tombola.data._tokens import Piece, Sliding, Tokenizer, Window, Written
from tombola.errors import DataError
from tombola.spec import Json, file_digest
from tombola.wheels import place_of

_FILE: Final = "tokenizer.json"
_WORDS: Final = "vocab.txt"
_BESIDE: Final = "tokenizer_config.json"
_PADS: Final = ("[PAD]", "<pad>", "<|endoftext|>")
_MASKS: Final = ("[MASK]", "<mask>")


@final
@dataclass(frozen=True)
class OfFiles(Tokenizer):
    """What a ``tokenizer.json``, or a BERT's ``vocab.txt``, does to texts."""

    inner: Any
    digest: str
    words: int
    pad: int
    mask: int | None
    special: frozenset[int]

    def pieces(self, texts: Sequence[Written], length: int) -> list[list[Piece]]:
        self.inner.no_padding()
        self.inner.enable_truncation(length)
        asked = [text.first if text.second is None else (text.first, text.second) for text in texts]
        return [[_piece(one), *map(_piece, one.overflowing)] for one in self.inner.encode_batch(asked)]

    def windows(self, question: str, passage: str, how: Sliding) -> list[Window]:
        self.inner.no_padding()
        self.inner.no_truncation()
        asked = self.inner.encode(question, add_special_tokens=False)
        if len(asked.ids) > how.asked:
            question = question[: asked.offsets[how.asked - 1][1]]
        room = how.length - self.inner.num_special_tokens_to_add(is_pair=True) - min(len(asked.ids), how.asked)
        self.inner.enable_truncation(how.length, stride=max(0, room - how.stride), strategy="only_second")
        first = self.inner.encode(question, passage)
        return [_window(one) for one in (first, *first.overflowing)]

    def bare(self, text: str) -> list[int]:
        self.inner.no_padding()
        self.inner.no_truncation()
        return list(self.inner.encode(text, add_special_tokens=False).ids)

    def said(self, ids: Sequence[int]) -> str:
        return str(self.inner.decode([*ids], skip_special_tokens=False))

    def frequent(self, most: int) -> list[int]:
        """In the vocabulary's order, in which frequent words were found first; letters only, behind a space."""
        words = (number for number in range(self.words) if number not in self.special and self._is_a_word(number))
        return [*islice(words, most)]

    def _is_a_word(self, number: int) -> bool:
        text = self.said([number]).strip()
        return len(text) > 1 and text.isalpha() and self.bare(f" {text}") == [number]

    def identity(self) -> Json:
        return {"sha256": self.digest}


def of_files(name: str) -> OfFiles:
    """The tokeniser in a folder, a package, or a file of one; `DataError` where there is none that can be read."""
    files = files_of(place_of(name))
    return _read(files, sha256("".join(map(file_digest, files)).encode()).hexdigest())


@lru_cache(maxsize=8)
def of_hub(name: str) -> OfFiles:
    """The tokeniser of a model on the hub, from its cache or downloaded; raises `DataError` where neither."""
    try:
        inner = _library().Tokenizer.from_pretrained(name)
    except DataError:
        raise
    except Exception as error:  # tokenizers raises plain Exception
        raise DataError(
            f"tokenizer={name}: no such folder here, and none of that name on the hub or in its cache"
            f" ({str(error)[:120]}); write the folder of the model, which holds {_FILE}"
        ) from None
    return _of(inner, sha256(inner.to_str().encode()).hexdigest(), {})


def files_of(place: Path) -> tuple[Path, ...]:
    """The file that says the words, and the settings beside it where there are some; they are its identity."""
    if place.is_file():
        return (place,)
    if not place.is_dir():
        raise DataError(
            f"tokenizer={place}: there is no such folder or file; write the folder of the model, which holds {_FILE},"
            " or plain for words numbered by a checksum"
        )
    there = [*(place / name for name in (_FILE, _WORDS)), *sorted(place.glob(f"*{GGUF}"))]
    first = next((file for file in there if file.is_file()), None)
    if first is None:
        raise DataError(
            f"tokenizer={place}: that folder holds neither {_FILE} nor {_WORDS}; write it once with"
            " AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER) of transformers"
        )
    beside = place / _BESIDE
    return (first, beside) if beside.is_file() else (first,)


@lru_cache(maxsize=8)
def _read(files: tuple[Path, ...], digest: str) -> OfFiles:
    inner, settings = of_gguf(files[0]) if files[0].suffix == GGUF else _of_json(files)
    return _of(inner, digest, settings)


def _of(inner: Any, digest: str, settings: dict[str, Any]) -> OfFiles:
    special = {number: str(token) for number, token in inner.get_added_tokens_decoder().items() if token.special}
    pad = _id(inner, settings.get("pad_token"), _PADS)
    names = {str(settings[name]) for name in settings if name.endswith("_token")}
    numbers = {*special, *filter(None, map(inner.token_to_id, names))} | ({pad} if pad is not None else set())
    words = 1 + max(inner.get_vocab().values())  # numbers may have gaps
    return OfFiles(inner, digest, words, pad or 0, _id(inner, settings.get("mask_token"), _MASKS), frozenset(numbers))


def _of_json(files: tuple[Path, ...]) -> tuple[Any, dict[str, Any]]:
    settings = _settings(files)
    return _inner(files[0], settings), settings


def _inner(file: Path, settings: dict[str, Any]) -> Any:
    tokenizers = _library()
    try:
        if file.suffix == ".txt":
            return tokenizers.BertWordPieceTokenizer(
                str(file), lowercase=settings.get("do_lower_case", True)
            )._tokenizer
        return tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises plain Exception
        raise DataError(f"tokenizer={file}: no tokeniser that can be read ({str(error)[:200]})") from None


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise DataError(
            "tokenisers of files need the library tokenizers, not installed here; type: pip install 'tombola[text]'"
        ) from None
    return tokenizers


def _settings(files: tuple[Path, ...]) -> dict[str, Any]:
    """What stands beside it, its special tokens as their texts."""
    if len(files) == 1:
        return {}
    try:
        found = json.loads(files[1].read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{files[1]}: no JSON ({error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{files[1]}: no settings of a tokeniser but {str(found)[:40]}; take the model's own file")
    return {name: value["content"] if isinstance(value, dict) and "content" in value else value
            for name, value in found.items() if value is not None}  # fmt: skip


def _id(inner: Any, named: object, usual: Sequence[str]) -> int | None:
    found = (inner.token_to_id(name) for name in (named, *usual) if isinstance(name, str))
    return next((int(number) for number in found if number is not None), None)


def _piece(found: Any) -> Piece:
    return Piece(torch.tensor(found.ids, dtype=torch.int64), torch.tensor(found.type_ids, dtype=torch.int64))


def _window(found: Any) -> Window:
    shown = zip(found.offsets, found.sequence_ids, strict=True)
    offsets = [place if which == 1 else (-1, -1) for place, which in shown]
    return Window(*_piece(found), torch.tensor(offsets))
