"""Prose: what Python carries, told apart by kinds; a paragraph's split depends on it alone."""

import pytest
import torch

from tombola.data._base import Dataset
from tombola.data._python_prose import paragraphs
from tombola.data.prose import Prose
from tombola.errors import DataError


def test_there_are_paragraphs_of_every_kind_in_every_split() -> None:
    rows = Prose().rows()
    assert rows.classes == ("files", "language", "networking", "numbers", "processes", "testing")
    for part, least in ((rows.train, 60), (rows.val, 4), (rows.test, 10)):
        counts = torch.bincount(torch.tensor([row.label for row in part]), minlength=6)
        assert int(counts.min()) >= least
    assert all(row.text.first.endswith(".") and "  " not in row.text.first for row in rows.train)


def test_a_paragraph_more_moves_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    before, identity = Prose().rows(), Prose().identity()
    more = {kind: (*texts, f"Something new about {kind}.") for kind, texts in paragraphs().items()}
    monkeypatch.setattr("tombola.data.prose.paragraphs", lambda: more)
    after = Prose().rows()
    assert Prose().identity() != identity
    for one, other in ((before.train, after.train), (before.val, after.val), (before.test, after.test)):
        assert set(one) <= set(other)


def test_fewer_lie_in_more_and_too_many_are_refused() -> None:
    few, more = (Dataset.parse({"name": "prose", "num_train": count}).load() for count in (20, 40))
    assert all(map(torch.equal, few.train.take(torch.arange(20)).x, more.train.take(torch.arange(20)).x[:, :64]))
    assert len(more.test) == len(few.test)
    with pytest.raises(DataError, match=r"num_train=9999; there are 1,?\d+ paragraphs"):
        Prose(num_train=9999).load()
