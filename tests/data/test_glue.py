"""GLUE's sets in the layouts there are: names or none, marks and line ends, labels by name, tests unlabelled."""

import os
import zipfile
from pathlib import Path

import pytest
import torch

from tombola.data._base import Dataset
from tombola.data._counts import Counts, counts_of
from tombola.data._glue import GlueSet
from tombola.data._text_set import Row
from tombola.data._tokens import Written
from tombola.errors import DataError

REAL = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "nlp" / "nlp_small.zip"


def glue(name: str, root: Path) -> GlueSet:
    found = Dataset.parse({"name": name, "root": root, "tokenizer": "plain:100"})
    assert isinstance(found, GlueSet)
    return found


def put(folder: Path, name: str, rows: list[str], end: str = "\n") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(end.join(rows).encode())


def test_mrpc_has_names_a_mark_and_windows_line_ends(tmp_path: Path) -> None:
    rows = ["﻿Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", *[f'{n % 2}\t1\t2\tsaid "{n}"\tso {n}' for n in range(20)]]
    for name in ("train.tsv", "test.tsv"):
        put(tmp_path / "MRPC", name, rows, "\r\n")
    found = glue("mrpc", tmp_path).rows()
    assert found.test[1] == Row(Written('said "1"', "so 1"), 1)
    assert (len(found.train), len(found.val), len(found.test)) == (18, 2, 20)


def test_rte_labels_are_words_whatever_their_order(tmp_path: Path) -> None:
    body = ["0\tA\tB\tnot_entailment", "1\tC\tD\tentailment"] * 10
    put(tmp_path / "rte", "train.tsv", ["index\tsentence1\tsentence2\tlabel", *body])
    put(tmp_path / "rte", "val.tsv", body)  # without names
    put(tmp_path / "rte", "dev.tsv", ["index\tsentence2\tlabel\tsentence1", "0\tB\tentailment\tA"])
    found = glue("rte", tmp_path).rows()
    assert found.classes == ("entailment", "not_entailment")
    assert list(found.test) == [Row(Written("A", "B"), 0)]
    assert len(found.train) + len(found.val) == 40


def test_a_test_file_without_labels_is_left_for_the_next(tmp_path: Path) -> None:
    put(tmp_path / "SST-2", "train.tsv", ["sentence\tlabel", *[f"good {n}\t{n % 2}" for n in range(40)]])
    put(tmp_path / "SST-2", "test.tsv", ["index\tsentence", "0\tgood"])
    put(tmp_path / "SST-2", "dev.tsv", ["sentence\tlabel", "bad\t0"])
    found = glue("sst2", tmp_path)
    assert (found.rows().test[0].text.first, found.tested()) == ("bad", "dev.tsv of sst2")


def test_a_zip_is_read_as_the_folder_is(tmp_path: Path) -> None:
    (place,) = Dataset.family.get("cola").examples(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in sorted((tmp_path / "cola").iterdir()):
            archive.write(file, f"cola/{file.name}")
    packed = glue("cola", tmp_path / "x.zip").replace(tokenizer="plain:200")
    assert isinstance(place, GlueSet)
    assert packed.rows() == place.rows()
    assert packed.digest() == place.digest()


def test_what_is_missing_or_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cola: not found in .*; get CoLA of https://gluebenchmark\.com"):
        glue("cola", tmp_path).load()
    put(tmp_path / "cola", "train.tsv", ["gj04\t1\t\tFine."] * 9 + ["gj04\t7\t\tBad."])
    with pytest.raises(DataError, match="no labelled test texts"):
        glue("cola", tmp_path).load()
    put(tmp_path / "cola", "dev.tsv", ["gj04\t1\t\tFine."])
    with pytest.raises(DataError, match=r"train\.tsv: row 10: the label is '7'; cola knows 0, 1"):
        glue("cola", tmp_path).load()
    put(tmp_path / "cola", "train.tsv", ["gj04\t1\t\tFine.", "gj04\t1"])
    with pytest.raises(DataError, match=r"row 2 has 2 columns, and 4 are needed"):
        glue("cola", tmp_path).load()


def test_without_files_a_set_can_be_planned_and_not_read(tmp_path: Path) -> None:
    missing = glue("rte", tmp_path).replace(length=128)
    assert missing.identity()["content"] == {"files": 0, "of": "names"}
    assert counts_of(missing) == Counts(train=2241, val=249, test=277, classes=2, pixels=0, tokens=128)
    put(tmp_path / "RTE", "dev.tsv", ["1\tIt rains.\tIt is wet.\tentailment"])
    assert missing.identity()["content"] != {"files": 0, "of": "names"}


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("sst2", 6920, 1821),
        ("cola", 8551, 527),
        ("mrpc", 4076, 1725),
        ("rte", 2490, 277),
        ("qnli", 4371, 1092),
        ("stsb", 5749, 1379),
    ],
)
def test_the_published_counts_are_read(name: str, train: int, test: int) -> None:
    if not REAL.is_file():
        pytest.skip(f"{REAL} is not there")
    found = glue(name, REAL).rows()
    assert (len(found.train) + len(found.val), len(found.test)) == (train, test)


def test_mnli_has_two_sets_of_pairs_to_test_on_and_its_label_is_found_by_name(tmp_path: Path) -> None:
    names = "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse"
    some = [*names.split(), "sentence1", "sentence2", "label1"]
    labels = ["neutral", "entailment", "contradiction"]
    body = [f'{n}\t1\t1n\tfiction\t( A )\t( B )\t(R A)\t(R B)\tsaid "{n}\tso {n}' for n in range(30)]
    put(tmp_path / "MNLI", "train.tsv", ["\t".join([*some, "gold_label"]),
        *(f"{row}\t-\t{labels[n % 3]}" for n, row in enumerate(body))])  # fmt: skip
    for end, label in (("matched", "entailment"), ("mismatched", "contradiction")):
        votes = ["label2", "label3", "label4", "label5", "gold_label"]
        put(tmp_path / "MNLI", f"dev_{end}.tsv", ["\t".join([*some, *votes]), "\t".join([body[0], *"abcde", label])])
    found = glue("mnli", tmp_path)
    other = found.replace(test="mismatched")
    assert found.rows().classes == ("entailment", "neutral", "contradiction")
    assert list(found.rows().test) == [Row(Written('said "0', "so 0"), 0)]
    assert [row.label for row in other.rows().test] == [2]
    assert (other.tested(), other.digest() == found.digest()) == ("dev_mismatched.tsv of mnli", False)
    assert (len(found.rows().train), len(found.rows().val)) == (27, 3)


def test_qqp_leaves_out_the_few_rows_that_are_cut_off(tmp_path: Path) -> None:
    names = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
    body = [f'{n}\t1\t2\tIs ""{n}""?\tIs it {n}?\t{n % 2}' for n in range(2000)]
    put(tmp_path / "QQP", "dev.tsv", [names, body[1]])
    put(tmp_path / "QQP", "train.tsv", [names, *body, "7\t1\t2\tWhat", "is this?"])
    with pytest.warns(UserWarning, match=r"train\.tsv: 2 of 2,002 rows are cut off, and left out"):
        found = glue("qqp", tmp_path).rows()
    assert (len(found.train) + len(found.val), list(found.test)) == (2000, [Row(Written('Is ""1""?', "Is it 1?"), 1)])
    put(tmp_path / "QQP", "train.tsv", [names, *body[:20], "7\t1\t2\tWhat"])
    with pytest.raises(DataError, match=r"row 21 has 4 columns, and 6 are needed"):
        glue("qqp", tmp_path).rows()


def test_wnli_calls_its_numbers_by_what_they_mean(tmp_path: Path) -> None:
    body = [f"{n}\tIt fell {n}\tThe cup fell {n}\t{n % 2}" for n in range(20)]
    for name in ("train.tsv", "dev.tsv"):
        put(tmp_path / "WNLI", name, ["index\tsentence1\tsentence2\tlabel", *body])
    put(tmp_path / "WNLI", "test.tsv", ["index\tsentence1\tsentence2", "0\tA\tB"])
    found = glue("wnli", tmp_path).rows()
    assert (found.classes, found.test[1]) == (
        ("not_entailment", "entailment"),
        Row(Written("It fell 1", "The cup fell 1"), 1),
    )


@pytest.mark.parametrize("published", [False, True])
def test_stsb_has_numbers_in_either_layout(published: bool, tmp_path: Path) -> None:
    split = {"train": "sts-train.tsv", "dev": "sts-test.tsv"} if published else {"train": "train.tsv", "dev": "dev.tsv"}
    names = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore"
    for count, name in ((20, split["train"]), (4, split["dev"])):
        body = [
            f'news\tMSR\t2012\t{n}\t{n / 4:.3f}\tA "{n}\tB {n}' + "\thttp://x" * (n % 2)
            if published
            else f'{n}\tnews\tMSR\t2012\t{n}\tnone\tnone\tA "{n}\tB {n}\t{n / 4:.3f}'
            for n in range(count)
        ]
        put(tmp_path / "STS-B", name, body if published else [names, *body])
    found = glue("stsb", tmp_path)
    rows = found.rows()
    assert (rows.classes, rows.test[3]) == ((), Row(Written('A "3', "B 3"), 0.75))
    assert (len(rows.train), len(rows.val)) == (18, 2)
    labels = found.load().train.labels
    assert (labels.dtype, float(labels.max()) > 4) == (torch.float32, True)
    put(tmp_path / "STS-B", split["train"], ["news\tMSR\t2012\t1\t5.5\tA\tB"])
    with pytest.raises(DataError, match=r"row 1: the label is '5\.5'; stsb knows numbers from 0 to 5"):
        glue("stsb", tmp_path).rows()
