"""SQuAD's layout: answers by signs become tokens and come back, windows show all, passages are in one split; no real
file is at hand, so all of it is tried on small ones written here.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tombola.data._base import Dataset
from tombola.data._passages import Answer, Passages, target_of
from tombola.data._plain_ids import BEGIN, END
from tombola.data._plain_words import PlainWords
from tombola.data._text_tried import asked_about
from tombola.data._tokenizers import tokenizer
from tombola.data._tokens import Sliding, Tokenizer
from tombola.errors import DataError, RequestError
from tombola.tasks._base import Task

from .test_tokenizers import model_folder

PASSAGE = "A stone, a river; stones  a stone. A river a stone river river"


def squad(root: Path, **options: Any) -> Dataset:
    return Dataset.parse({"name": "squad", "root": root, "tokenizer": "plain:500", **options})


def loaded(data: Dataset) -> tuple[Passages, Passages, Passages]:
    splits = data.load()
    train, val, test = splits.train, splits.val, splits.test
    assert isinstance(train, Passages)
    assert isinstance(val, Passages)
    assert isinstance(test, Passages)
    return train, val, test


def written(file: Path, **changes: Any) -> Path:
    """A file of one question with something of it changed, or None left out."""
    asked = {"id": "q1", "question": "What ?", "answers": [{"text": "stone", "answer_start": 2}], **changes}
    asked = {name: value for name, value in asked.items() if value is not None}
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": PASSAGE, "qas": [asked]}]}]}))
    return file


@pytest.mark.parametrize("kind", ["plain", "file"])
def test_windows_show_the_whole_passage_with_its_signs(kind: str, tmp_path: Path) -> None:
    cutting: Tokenizer = PlainWords(500) if kind == "plain" else tokenizer(str(model_folder(tmp_path)))
    windows = cutting.windows("a river a stone a river ?", PASSAGE, Sliding(length=12, stride=2, asked=4))
    asked = cutting.bare("a river a stone")
    inside = [window.offsets[:, 0] >= 0 for window in windows]
    for window, shown in zip(windows, inside, strict=True):
        assert len(window.ids) == len(window.segments) == len(window.offsets) <= 12
        assert window.ids[1:5].tolist() == asked
        assert window.segments.tolist() == [0] * 6 + [1] * (len(window.ids) - 6)
        assert not bool(shown[[*range(6), -1]].any())
        for number, (start, stop) in zip(window.ids[shown].tolist(), window.offsets[shown].tolist(), strict=True):
            assert number in cutting.bare(PASSAGE[start:stop]) or PASSAGE[start:stop] == "s"
    firsts = [int(window.offsets[shown][0, 0]) for window, shown in zip(windows, inside, strict=True)]
    whole = cutting.windows("a", PASSAGE, Sliding(length=64, stride=2, asked=4))
    assert len(whole) == 1
    places = [start for start, _ in whole[0].offsets.tolist() if start >= 0]
    assert firsts == places[: 2 * len(firsts) : 2], "windows begin two tokens apart"
    assert {start for window in windows for start, _ in window.offsets.tolist() if start >= 0} == set(places)


@pytest.mark.parametrize("trimmed", [True, False])
def test_a_tokeniser_of_bytes_whose_tokens_hold_the_space_before_them_gives_the_same_answers(
    trimmed: bool, tmp_path: Path
) -> None:
    tokenizers: Any = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters, special = tokenizers.pre_tokenizers.ByteLevel.alphabet(), ["<s>", "<pad>", "</s>"]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=letters)
    made.train_from_iterator([PASSAGE] * 5, trainer)
    made.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=trimmed)
    made.save(str(tmp_path / "tokenizer.json"))
    windows = tokenizer(str(tmp_path)).windows("a river ?", PASSAGE, Sliding(length=16, stride=3, asked=5))
    answer = Answer("stones  a stone", PASSAGE.index("stones"))
    found = [(window, target_of(window.offsets, answer)) for window in windows]
    told = [
        PASSAGE[int(window.offsets[begin, 0]) : int(window.offsets[end, 1])].strip()
        for window, (begin, end, _) in found
        if begin
    ]
    assert set(told) == {answer.text}
    assert len(windows) > len(told) > 0


def test_the_ids_of_plain_words_are_those_of_pairs() -> None:
    (window,) = PlainWords(500).windows("What is it?", "It is a RIVER.", Sliding(40, 8, 10))
    from tombola.data._tokens import Written

    (pair,) = PlainWords(500).pieces([Written("What is it?", "It is a RIVER.")], 40)[0]
    assert torch.equal(window.ids, pair.ids)
    assert torch.equal(window.segments, pair.segments)
    assert (int(window.ids[0]), int(window.ids[-1])) == (BEGIN, END)


def test_an_answer_becomes_the_tokens_that_hold_it() -> None:
    (window,) = PlainWords(500).windows("What ?", PASSAGE, Sliding(64, 8, 8))

    def held(text: str, start: int) -> str:
        begin, end, count = target_of(window.offsets, Answer(text, start))
        assert count == len(window.ids)
        return PASSAGE[int(window.offsets[begin, 0]) : int(window.offsets[end, 1])]

    assert held("stone, a river", 2) == "stone, a river"
    assert held("tone", 3) == "stone", "a part of a word is in that word's token"
    assert held(PASSAGE, 0) == PASSAGE
    first, *_ = PlainWords(500).windows("What ?", PASSAGE, Sliding(10, 2, 8))
    assert target_of(first.offsets, Answer("river", len(PASSAGE) - 5)) == (0, 0, 10)


def test_published_files_and_one_file_are_read_and_passages_are_in_one_split(tmp_path: Path) -> None:
    asked_about(tmp_path / "SQuAD", "train-v1.1.json", 20)
    with pytest.raises(DataError, match=r"holds no dev-v1\.1\.json; get it too"):
        squad(tmp_path).load()
    asked_about(tmp_path / "SQuAD", "dev-v1.1.json", 3)
    both = squad(tmp_path, val_fraction=0.2)
    train, val, test = loaded(both)
    assert [len(part.questions) for part in (train, val, test)] == [32, 8, 6]
    assert not {one.passage for one in train.questions} & {one.passage for one in val.questions}
    assert both.tested() == "dev-v1.1.json of squad"
    one = squad(asked_about(tmp_path, "mine.json", 20), length=20, stride=4, asked=6)
    train, _, test = loaded(one)
    assert len(test.questions) == 8
    assert len(train) > len(train.questions), "no passage was looked at through two windows"
    assert train.labels.shape == (len(train), 3)
    some = train.some(torch.tensor([3, 1]))
    assert [train.of[3], train.of[1]] == [*some.of]
    assert some.title_of(0) == train.title_of(3)
    assert one.digest() == squad(asked_about(tmp_path / "copy", "mine.json", 20), length=20, stride=4, asked=6).digest()
    assert one.digest() != both.digest()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answers": []}, "question q1 has no answer, as in SQuAD 2.0; only 1.1's layout is read"),
        ({"answers": [{"text": "river", "answer_start": 2}]}, "'river' does not stand at sign 2 of its context"),
        ({"question": " "}, "question q1: the question or its context is empty; take it out"),
        ({"answers": 5}, r"not laid out as SQuAD 1\.1 \(TypeError"),
        ({"answers": None}, r"not laid out as SQuAD 1\.1 \(KeyError: 'answers'\); a file holds data, of paragraphs"),
    ],
)
def test_a_question_that_is_wrong_is_named(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        squad(written(tmp_path / "x.json", **changes)).load()


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"squad: not found in .*; get train-v1\.1\.json and dev-v1\.1\.json of"):
        squad(tmp_path / "nowhere").load()
    whole = json.loads(written(tmp_path / "x.json").read_text())
    whole["data"][0]["paragraphs"][0]["context"] = None
    (tmp_path / "x.json").write_text(json.dumps(whole))
    with pytest.raises(DataError, match=r"not laid out as SQuAD 1\.1 \((Attribute|Type)Error"):
        squad(tmp_path / "x.json").load()
    (tmp_path / "x.json").write_bytes(b'{"data": "caf\xe9"}')
    with pytest.raises(DataError, match=r"x\.json: line 1 is no UTF-8"):
        squad(tmp_path / "x.json").load()
    with pytest.raises(DataError, match=r"1 passage in .* cannot be shared out; give it more"):
        squad(written(tmp_path / "one.json")).load()
    with pytest.raises(
        RequestError, match=r"length=64 leaves no room .* asked=64 tokens; write a length of 72 or more"
    ):
        squad(tmp_path, length=64)
    with pytest.raises(RequestError, match="squad holds passages with questions, no plain texts; write mlm:FILE"):
        Task.parse({"name": "mlm:squad", "tokenizer": "plain"})
