"""Texts without Tombola: WordPiece is what the library makes of it, and ``predict.py`` answers as Tombola does."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.predicting.finished import exported, text_ticket
from tests.predicting.test_alone import run

from tombola.data._tokenizers import identity_of
from tombola.data._tokens import Written
from tombola.exporters._alone.word_pieces import WordPieces, word_pieces
from tombola.exporters._program_in_c import program_in_c
from tombola.joining import whole
from tombola.predicting.loading import load
from tombola.predicting.samples import Sample
from tombola.tickets.ticket import Ticket

tokenizers = pytest.importorskip("tokenizers")

WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] a b un fine ##aff ##able ##a ##b ##e film cafe é caf ##é . , ! - 5 ß i 中 ? ' ##s"
)
FILES = ("uncased", "cased", "accents")


def made(kind: str) -> Any:
    """A small BERT's tokeniser."""
    inner = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({word: place for place, word in enumerate(WORDS.split())}, unk_token="[UNK]")
    )
    inner.normalizer = tokenizers.normalizers.BertNormalizer(
        lowercase=kind != "cased", strip_accents=False if kind == "accents" else None
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    special = [("[CLS]", 2), ("[SEP]", 3)]
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=special
    )
    inner.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return inner


LIBRARY = {kind: made(kind) for kind in FILES}
OURS = {kind: WordPieces(json.loads(inner.to_str())) for kind, inner in LIBRARY.items()}
texts = st.one_of(
    st.text(st.characters(max_codepoint=0x5FF), max_size=30),  # the library knows signs up to Unicode 8
    st.lists(
        st.sampled_from([*WORDS.split(), "unaffable", "CAFÉ", "cafe\u0301", "  ", "\u200d", "x" * 101]), max_size=12
    ).map(" ".join),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), texts, st.none() | texts, st.integers(5, 16))
@example("uncased", "a fine[MASK] film", "unaffable \ufffd\x00\x85b", 9)
@example("uncased", "İ Σίσυφος ΣΑΣ 中文 ﬁ \u00ad\u2028e\u3000a`b~", None, 16)
def test_word_pieces_are_the_library_s(kind: str, first: str, second: str | None, length: int) -> None:
    library = LIBRARY[kind]
    library.enable_truncation(length)
    found = library.encode(first) if second is None else library.encode(first, second)
    assert OURS[kind].cut(first, second, length) == (found.ids, found.type_ids)


def test_other_tokenisers_are_not_taken_for_it(tmp_path: Path) -> None:
    inner = made("cased")
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    inner.save(str(tmp_path / "tokenizer.json"))
    assert word_pieces(tmp_path / "tokenizer.json") is None


def test_a_folder_of_c_answers_as_the_ticket_does(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    words = tmp_path / "words"
    words.mkdir()
    made("uncased").save(str(words / "tokenizer.json"))
    (words / "tokenizer_config.json").write_text('{"pad_token": "[PAD]"}', encoding="utf-8")  # as most models have
    wanted = identity_of(str(words))
    ticket = text_ticket(tmp_path / "x.ticket", json.loads(json.dumps(wanted)))
    home = exported(ticket, {"name": "native", "target": "plain"}, tmp_path / "net")
    assert not (home / "predict.py").exists()  # nobody knows where its tokeniser is
    files = program_in_c(whole(Ticket.load(ticket)), str(words))
    assert set(files) == {"predict.py", "tokenizer.json", "tokenizer_config.json", "words.dat"}
    for name, content in files.items():
        (home / name).write_bytes(content)
    texts = [Written("a b fine"), Written("unaffable", "a film")]
    samples = [Sample("x", text) for text in texts]
    inside = [answer.plain() for answer in load(ticket, tokenizer=str(words)).answers(samples)]
    ours = [answer.plain() for answer in load(home).answers(samples)]
    (tmp_path / "x.csv").write_text("text,text2\na b fine,\nunaffable,a film\n", encoding="utf-8")
    code, out, _ = run(home / "predict.py", str(tmp_path / "x.csv"), "--json")
    assert code == 0
    for one, other, alone in zip(inside, ours, json.loads(out), strict=True):
        assert one["label"] == other["label"] == alone["label"]
        assert other["score"] == pytest.approx(one["score"], abs=1e-4)
        assert alone["score"] == pytest.approx(one["score"], abs=1e-4)
    subprocess.run(["make", "-s", "-C", home, "CFLAGS=-O1", "classify"], check=True)
    done = subprocess.run(
        [home / "classify", "-"], input="a b fine\n", cwd=home, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\t")[:2] == ["1", inside[0]["label"]]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain:60", "files"])
def test_predict_py_answers_as_tombola_does(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("transformers")
    place = kind
    if kind == "files":
        place = str(tmp_path / "words")
        (tmp_path / "words").mkdir()
        made("uncased").save(f"{place}/tokenizer.json")
    ticket = text_ticket(tmp_path / "x.ticket", json.loads(json.dumps(identity_of(place))))
    home = tmp_path / "out"
    home.mkdir()
    exported(ticket, {"name": "onnx", "predict": True, "tokenizer": place}, home / "net.onnx")
    left = {file.name for file in home.iterdir()} - {"net.onnx", "labels.txt"}
    assert left == {"predict.py", *(["tokenizer.json"] if kind == "files" else [])}
    (tmp_path / "x.csv").write_text("text,text2\na fine film,\nunaffable,a film\n ,b\n", encoding="utf-8")
    code, out, err = run(home / "predict.py", "a b fine", str(tmp_path / "x.csv"), str(tmp_path / "no.txt"), "--json")
    assert code == 1
    assert [line.split(": ")[1] for line in err.splitlines()] == [f"{tmp_path}/x.csv:4", f"{tmp_path}/no.txt"]
    found = [one for one in json.loads(out) if "label" in one]
    written = [Written("a b fine"), Written("a fine film"), Written("unaffable", "a film")]
    model = load(ticket, tokenizer=place)
    for one, answer in zip(found, model.answers([Sample("x", text) for text in written]), strict=True):
        wanted = answer.plain()
        assert one["label"] == wanted["label"]
        assert one["score"] == pytest.approx(wanted["score"], abs=1e-4)
