"""Texts of one's own: tables, folders, plain files; wrong ones are said with their line."""

import json
from pathlib import Path

import pytest
import torch

from tombola.data._base import Dataset
from tombola.data._text_alike import words_in
from tombola.data._text_set import RowSet
from tombola.data._text_tried import sentences, table
from tombola.errors import DataError, RequestError


def own(path: Path, **options: object) -> RowSet:
    found = Dataset.parse({"name": f"texts:{path}", "tokenizer": "plain:300", **options})
    assert isinstance(found, RowSet)
    return found


def lines(splits: object) -> set[tuple[int, ...]]:
    return {tuple(ids.tolist()) for ids in splits.ids}  # type: ignore[attr-defined]  # texts


@pytest.mark.parametrize("end", ["csv", "tsv", "jsonl"])
def test_every_kind_of_table_says_the_same(end: str, tmp_path: Path) -> None:
    reference = own(table(tmp_path)).load()
    rows = [json.loads(line) for line in (tmp_path / "texts.jsonl").read_text().splitlines()]
    mark = {"csv": ",", "tsv": "\t", "jsonl": ""}[end]
    written = [mark.join((row["text"], row["label"])) if mark else json.dumps(row) for row in rows]
    names = [mark.join(("text", "label"))] if mark else []
    file = tmp_path / f"x.{end}"
    file.write_text("﻿" + "\r\n".join([*names, *written]), encoding="utf-8")
    found = own(file).load()
    assert found.classes == ("calm", "loud")
    assert [len(found.train), len(found.val), len(found.test)] == [34, 4, 10]
    assert torch.equal(found.test.take(torch.arange(10)).x, reference.test.take(torch.arange(10)).x)
    assert not lines(found.train) & lines(found.test)


def test_a_folder_a_class_and_a_folder_of_splits(tmp_path: Path) -> None:
    for label in ("calm", "loud"):
        (tmp_path / "a" / label).mkdir(parents=True)
        for number, text in enumerate(sentences(label)):
            (tmp_path / "a" / label / f"{number:02}.txt").write_text(text)
    assert own(tmp_path / "a").load().classes == ("calm", "loud")
    (tmp_path / "b").mkdir()
    for split, count in (("train", 20), ("val", 4), ("test", 6)):
        rows = [f"{text},{label}" for label in ("calm", "loud") for text in sentences(label)[:count]]
        (tmp_path / "b" / f"{split}.csv").write_text("\n".join(["text,label", *rows]))
    found = own(tmp_path / "b").load()
    assert [len(found.train), len(found.val), len(found.test)] == [40, 8, 12]


def test_a_plain_file_is_a_text_a_line_without_labels(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("\n\n".join(sentences("calm")))
    found = own(tmp_path / "x.txt").load()
    assert found.classes == ()
    assert len(found.train) + len(found.val) + len(found.test) == 24


def test_pairs_say_which_token_is_of_which(tmp_path: Path) -> None:
    rows = [{"text": text, "text2": text[4:], "label": len(text) % 2} for text in sentences("loud")]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    batch = own(tmp_path / "x.jsonl").load().train.take(torch.arange(3))
    segments = batch.more["token_type_ids"]
    assert segments.shape == batch.x.shape
    assert segments.max() == 1
    assert not bool((segments > batch.more["attention_mask"]).any())


def test_how_many_were_cut_is_said_and_parting_loses_none(tmp_path: Path) -> None:
    file = table(tmp_path)
    with pytest.warns(UserWarning, match=r"texts: 48 of 48 texts have more than length=8 tokens, and are cut there"):
        assert len(own(file, length=8).load().train) == 34
    parted = own(file, length=8, longer="part").load()
    whole = own(file).load()
    assert len(parted.train) > len(whole.train)
    assert sum(len(ids) - 2 for ids in parted.train.ids) == sum(len(ids) - 2 for ids in whole.train.ids)
    assert parted.train.take(torch.arange(5)).x.shape[1] == 8


def test_the_identity_is_of_contents_and_of_the_tokeniser(tmp_path: Path) -> None:
    one = own(table(tmp_path / "a"))
    assert one.digest() == own(table(tmp_path / "b")).digest()
    assert one.digest() != one.replace(tokenizer="plain:301").digest()
    table(tmp_path / "b").write_text('{"text": "other", "label": 1}\n')
    assert one.digest() != own(tmp_path / "b" / "texts.jsonl").digest()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.csv", b"text,label\ncaf\xe9,1\n", r"x\.csv: line 2 is no UTF-8 \(byte 0xe9\); save the file as UTF-8"),
        ("x.csv", b"text,label\nfine,1\n ,0\n", r"line 3: the text is empty; write one, or take the line out"),
        ("x.csv", b"body,label\nfine,1\n", r"no column 'text' \(there are: 'body', 'label'\); write text=\.\.\."),
        ("x.jsonl", b'{"text": "a", "label": 1}\nnothing\n', r"line 2 is no JSON"),
        ("x.jsonl", b"[1]\n", r"line 1 is no JSON object"),
        ("x.jsonl", b'{"text": "a", "label": 1}\n{"text": "b"}\n', r"some texts have a label and some have none"),
        ("x.csv", "text,label\nfine,1\n".encode("utf-16"), r"line 1 is no UTF-8 \(byte 0xff\)"),
        ("x.csv", b"text,text2,label\nfine,,1\n", "line 2: the text2 is empty"),
        ("x.csv", b'text,label\n"fine,1\nbad,0\n', "line 3 ends before its label; write it, and close quotes"),
        ("x.csv", b"text,label\nfine, it is,1\n", "line 2 has more columns than the first line has names; put a text"),
        ("x.csv", b"text,label\nfine,\nbad,0\n", "line 2: no label; write one, or take the line out"),
        ("x.jsonl", b'{"text": "a", "label": null}\n', "line 1: no label"),
        ("x.csv", b"", "of 0 texts none is left for the training split; give it more texts"),
        ("x.csv", b"text,label\nfine,1\nbad,0\n", "of 2 texts none is left for the validation split"),
        ("x.jsonl", b'{"text": 5, "label": 1}\n', "line 1: the text is 5, which is none; write it in quotes"),
        ("x.txt", b"\n\n", "the text is empty"),
        ("x.pdf", b"", r"no such file; expected FILE\.csv"),
    ],
)
def test_a_file_that_is_wrong_is_said_with_its_line(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=said):
        own(tmp_path / name).load()


def test_what_is_not_there_or_not_said_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not there; expected FILE\.csv"):
        own(tmp_path / "no.csv").load()
    with pytest.raises(DataError, match="holds no texts"):
        own(tmp_path).load()
    with pytest.raises(RequestError, match=r"Write tokenizer=FOLDER, the folder of the model.*or tokenizer=plain"):
        Dataset.parse(f"texts:{tmp_path}")
    with pytest.raises(RequestError, match="plain:x says no number of words"):
        own(tmp_path, tokenizer="plain:x")


def test_texts_that_say_the_same_are_on_one_side_and_counted(tmp_path: Path) -> None:
    rows = [f"{text}.,{label}" for label in ("calm", "loud") for text in sentences(label)]
    file = tmp_path / "x.csv"
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    plain, apart = (own(file, alike=alike).load() for alike in ("anywhere", "together"))
    assert torch.equal(plain.test.take(torch.arange(10)).x, apart.test.take(torch.arange(10)).x), "nothing is alike"
    again = [row.upper().replace(".", " !").replace("CALM", "calm").replace("LOUD", "loud") for row in rows]
    file.write_text("\n".join(["text,label", *rows, *again]), encoding="utf-8")
    with pytest.warns(UserWarning, match="96 texts say the same as others, in 48 groups; each group is kept on one"):
        rows_ = own(file, alike="together").rows()
    sides = [{words_in(row.text) for row in side} for side in (rows_.train, rows_.val, rows_.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 48
    assert len(rows_.train) + len(rows_.val) + len(rows_.test) == 96


def test_a_training_text_that_is_tested_is_left_out(tmp_path: Path) -> None:
    train = [f"{text},{label}" for label in ("calm", "loud") for text in sentences(label)]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *train]), encoding="utf-8")
    (tmp_path / "test.csv").write_text("\n".join(["text,label", *train[:3], "other,calm"]), encoding="utf-8")
    with pytest.warns(UserWarning, match="3 that were in two splits are left out of the earlier"):
        rows = own(tmp_path, alike="together").rows()
    assert (len(rows.train) + len(rows.val), len(rows.test)) == (45, 4)
