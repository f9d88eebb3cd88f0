"""A net of texts in C: torch's logits of texts of any length, and clear about what it cannot take."""

import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.encoders import encoder
from tests.native.programs import difference
from tests.native.small_texts import FAST, LENGTH, folder, network, shown, texts

import tombola.native
from tombola.errors import RequestError
from tombola.models.showing import shown_to
from tombola.native.folder import write_folder
from tombola.native.loading import load
from tombola.native.loading_texts import load_texts
from tombola.shown import ShownTexts

pytest.importorskip("transformers")


@pytest.mark.parametrize(("threads", "batch"), [(1, 1), (2, 3), (3, 8)])
def test_logits_are_torchs_whatever_the_lengths(threads: int, batch: int) -> None:
    some = texts()
    with load_texts(folder(), threads=threads, batch=batch, extra=FAST) as net, torch.no_grad():
        assert (net.length, net.classes) == (LENGTH, 3)
        found = net(some.x, some.more["attention_mask"], some.more["token_type_ids"])
        assert difference(found, network()(some.x, **some.more)) < 1e-5
        assert difference(net(some.x[:, :7]), network()(some.x[:, :7])) < 1e-5
        assert difference(net(some.x[:, :1]), network()(some.x[:, :1])) < 1e-5


def test_what_a_text_is_filled_up_with_changes_no_bit() -> None:
    some = texts()
    ids, mask = some.x.numpy(), some.more["attention_mask"].numpy().astype(np.int32)
    with tombola.native.load_texts(folder(), batch=2, extra=FAST) as net:
        found = net(ids, mask)
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(net(np.where(mask, ids, -7).astype(np.int32), mask), found)
        tokens = int(mask[1].sum())
        np.testing.assert_array_equal(net(ids[1:2, :tokens]), found[1:2])


@pytest.mark.parametrize(
    ("ids", "mask", "why"),
    [
        (torch.ones(1, LENGTH + 1, dtype=torch.int64), None, r"texts of 21 tokens; this net was exported for 1 to 20"),
        (torch.tensor([[1, 60]]), None, r"ids from 1 to 60, and this net's are 0 to 59"),
        (torch.tensor([[1, 2**40]]), None, r"this net's are 0 to 59"),
        (torch.tensor([[1, 2, 3]]), torch.tensor([[1, 0, 1]]), r"ones, at least one, and then zeros"),
        (torch.tensor([[1, 2, 3]]), torch.tensor([[0, 0, 0]]), r"ones, at least one, and then zeros"),
        (torch.tensor([[1, 2, 3]]), torch.tensor([[1, 1]]), r"all of one shape"),
        (torch.tensor([[1.0, 2.0]]), None, r"ids of float32; a net of texts takes whole numbers"),
    ],
)
def test_what_it_cannot_take_is_said(ids: torch.Tensor, mask: torch.Tensor | None, why: str) -> None:
    with load_texts(folder(), extra=FAST) as net, pytest.raises(RequestError, match=why):
        net(ids, mask)


def test_padding_among_words_is_refused_where_places_are_counted_from_it(tmp_path: Path) -> None:
    made = encoder("roberta", num_hidden_layers=1)
    longest = shown_to(made, length=9)
    assert isinstance(longest, ShownTexts)
    write_folder(made, longest, tmp_path / "net", target="plain")
    ids = torch.tensor([[2, 5, 7, 1, 1]])
    with load_texts(tmp_path / "net", extra=FAST) as net, torch.no_grad():
        assert difference(net(ids, (ids != 1).long()), made(ids, attention_mask=(ids != 1).long())) < 1e-5
        with pytest.raises(RequestError, match=r"the id 1 among the tokens of a text"):
            net(ids)


def test_a_net_of_texts_is_no_net_of_images() -> None:
    with pytest.raises(RequestError, match=r"reads texts; load it with tombola.native.load_texts"):
        load(folder())


@cache
def classify() -> Path:
    """The program beside the net, built."""
    made = folder() / "classify"
    sources = [str(folder() / "net.c"), str(folder() / "classify.c")]
    warn = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-pthread", *warn, *sources, "-o", str(made), "-lm"], check=True)
    return made


def classified(lines: str) -> "subprocess.CompletedProcess[str]":
    """What it says of lines of ids."""
    command = [str(classify()), "-", "1", str(folder() / "net.dat")]
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False)


def test_the_program_beside_reads_lines_of_ids() -> None:
    done = classified("1 5 7 2\n3 99\n\n4 x\n" + "3 " * (LENGTH + 1) + "\n9\n")
    with torch.no_grad():
        wanted = [network()(torch.tensor([ids]))[0] for ids in ([1, 5, 7, 2], [9])]
    for line, number, logits in zip(done.stdout.splitlines(), ("1", "6"), wanted, strict=True):
        said = line.split("\t")
        assert said[:2] == [number, str(int(logits.argmax()))]
        assert float(said[2]) == pytest.approx(float(logits.max()), abs=1e-4)
    assert done.returncode
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [f"line {line}" for line in (2, 3, 4, 5)]


@pytest.mark.parametrize("length", [65_533, 65_534, 65_535, 65_536, 70_000, 200_000])
@pytest.mark.parametrize("end", ["\n9\n", "\n9", ""])
def test_the_program_beside_takes_a_long_line_for_one(length: int, end: str) -> None:
    numbers, done = ["1", "2"][: 1 + len(end.split())], classified("1 5 7 2".ljust(length) + end)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition("\t")[0] for line in done.stdout.splitlines()] == numbers
    assert done.stdout == classified("1 5 7 2" + end).stdout


def test_net_json_says_what_ids_it_takes() -> None:
    with load_texts(folder(), extra=FAST, profile=True) as net:
        net(texts().x)
        kinds = {layer.kind: layer.seconds for layer in net.layers()}
    assert kinds["embed"] > 0 < kinds["attend"]
    assert shown().words == 60
