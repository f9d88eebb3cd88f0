"""Texts: the same answers from a ticket and its ONNX file; which tokeniser cuts them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.predicting.finished import exported, of_texts, text_ticket

import tombola
from tombola.choices import Answer, Failed
from tombola.data._tokenizers import identity_of
from tombola.data._tokens import Written
from tombola.errors import DataError, ModelError
from tombola.predicting.loading import load
from tombola.predicting.samples import Columns, Sample, texts_of

pytest.importorskip("transformers")

TEXTS = ("A fine film.", "dull", "one two three four five six seven eight nine ten eleven twelve thirteen")


def asked() -> list[Sample]:
    return [*(Sample(text, Written(text)) for text in TEXTS), Sample("pair", Written("is it?", "it is"))]


@pytest.mark.slow
def test_a_ticket_and_its_onnx_file_answer_alike_and_as_the_net_does(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    ticket = text_ticket(tmp_path / "x.ticket")
    one = [*load(ticket).answers(asked(), batch=2)]
    two = [*load(exported(ticket, "onnx", tmp_path / "x.onnx")).answers(asked(), batch=3)]
    for first, second in zip(one, two, strict=True):
        assert isinstance(first, Answer)
        assert isinstance(second, Answer)
        assert first.label == second.label
        np.testing.assert_allclose(first.score, second.score, atol=1e-4)
    from tombola.data._tokenizers import tokenizer

    piece = tokenizer("plain:60").pieces([Written(TEXTS[0])], 12)[0][0]
    with torch.no_grad():
        scores = of_texts()(piece.ids[None], attention_mask=torch.ones(1, len(piece.ids), dtype=torch.int64)).softmax(1)
    alone = tombola.load(ticket).predict(TEXTS[0])
    np.testing.assert_allclose(alone.score, float(scores.max()), atol=1e-5)
    assert alone.label == ("bad", "good")[int(scores.argmax())]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    model = load(text_ticket(tmp_path / "x.ticket"))
    assert model.predict("is it?", "it is").label in model.classes
    for wrong in (tmp_path, b"bytes", "  "):
        with pytest.raises(DataError, match="reads texts"):
            model.predict(wrong)


@pytest.mark.parametrize("text", ["so fine " * 60, "очень хорошо " * 20])  # the second is too long in bytes alone
def test_a_text_longer_than_names_of_files_is_a_text(text: str) -> None:
    assert [*texts_of([text], "the net", Columns())] == [Sample(text, Written(text))]


def test_an_empty_text_is_refused() -> None:
    assert [*texts_of([" "], "the net", Columns())] == [Failed(" ", "the text is empty")]


def test_a_tokeniser_of_files_is_found_beside_the_model_or_asked_for(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = {"[UNK]": 0, "[PAD]": 1, "a": 2, "fine": 3, "film": 4}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    (tmp_path / "words").mkdir()
    made.save(str(tmp_path / "words/tokenizer.json"))
    place = str(tmp_path / "words")
    ticket = text_ticket(tmp_path / "x.ticket", json.loads(json.dumps(identity_of(place))))
    with pytest.raises(ModelError, match="write --tokenizer FOLDER"):
        load(ticket)
    with pytest.raises(ModelError, match="another tokeniser than plain:60"):
        load(ticket, tokenizer="plain:60")
    given = load(ticket, tokenizer=place).predict("a fine film")
    (tmp_path / "words/tokenizer.json").rename(tmp_path / "tokenizer.json")
    assert load(ticket).predict("a fine film") == given
