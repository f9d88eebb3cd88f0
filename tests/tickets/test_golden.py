"""A file that the first Tombola wrote: it loads for ever, and the same ticket is still the same bytes.

Never rewrite ``tests/golden/v1.ticket`` or ``v2.ticket``: a failing test here means that files no longer load.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tickets.samples import LINEAGE, same_bits, ticket

from tombola.masks.masks import Masks
from tombola.models.origin import Origin
from tombola.tickets.table import read_table, summarise
from tombola.tickets.ticket import Ticket

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "v1.ticket"
SECOND = ROOT / "tests" / "golden" / "v2.ticket"
SHA256 = "c43a23afd889a9209952e6d6ee1c8f1bb54e747969a9153f0d502cc03200afb8"
SECOND_SHA256 = "5a7a121ac527f04f4b0e22810349c01c71e1e8e0e04792117f027b7e41ec0da8"


def golden() -> Ticket:
    """Both coders' corners: unstructured, kernels, all kept, none kept, odd dtypes."""
    made = ticket(keep_values=True)
    assert made.weights is not None
    kernels = (torch.arange(64) * 5 % 3 == 0).reshape(8, 8, 1, 1).expand(8, 8, 3, 3)
    masks = {**made.masks, "kernels": kernels, "all": torch.ones(3, dtype=torch.bool), "none": torch.zeros(2, 2) > 0}
    values = torch.arange(576).reshape(8, 8, 3, 3) / 7 - 40
    more = {"kernels": values * kernels + 0.0, "all": torch.tensor([1.5, -0.0, torch.nan]), "none": torch.zeros(2, 2)}
    half = {"half": torch.tensor(0.5, dtype=torch.bfloat16), "empty": torch.zeros(0, 3), "yes": torch.tensor([True])}
    return Ticket(Masks(masks), LINEAGE, {**made.weights, **more, **half})


def test_the_first_file_loads_for_ever() -> None:
    assert hashlib.sha256(GOLDEN.read_bytes()).hexdigest() == SHA256
    read, made = Ticket.load(GOLDEN), golden()
    assert read.masks == made.masks
    assert read.lineage == LINEAGE
    assert read.lineage.dense == Origin(source={"name": "resnet8"}), "its sentence is read as an origin"
    assert made.weights is not None
    assert read.weights is not None
    assert read.weights.keys() == made.weights.keys()
    for name, weight in made.weights.items():
        assert same_bits(read.weights[name], weight), name


def test_the_same_ticket_is_still_the_same_bytes(tmp_path: Path) -> None:
    assert golden().save(tmp_path / "x.ticket").read_bytes() == GOLDEN.read_bytes()


def second() -> Ticket:
    """What only the second version can say: channels alike wherever they stand, n of every m inputs."""
    rows = (torch.arange(4 * 72) * 7919 % 101 < 30).reshape(4, 8, 3, 3)
    places = torch.arange(48 * 8 * 3) ** 3 % 10_007 % 3
    pairs = torch.stack([places != 0, places != 1, places != 2], dim=1)
    masks = {
        "alike": rows[torch.arange(64) * 31 % 101 % 4],
        "blocks": rows[torch.arange(64) * 31 % 101 % 4].repeat_interleave(2, 1),
        "nm": pairs.reshape(48, 8, 9).transpose(1, 2),
        "flat": pairs[:128].reshape(16, 24),
        "plain": rows,
    }
    return Ticket(Masks(masks), LINEAGE)


def test_the_second_version_loads_for_ever(tmp_path: Path) -> None:
    whole = SECOND.read_bytes()
    assert hashlib.sha256(whole).hexdigest() == SECOND_SHA256
    assert whole[62:63] == b"2"
    assert Ticket.load(SECOND).masks == second().masks
    assert second().save(tmp_path / "x.ticket").read_bytes() == whole
    rows = read_table(SECOND).rows
    assert {row.name for row in rows if row.form.alike} == {"alike", "blocks"}
    assert {row.name for row in rows if row.form.nm} == {"nm", "flat"}


@pytest.mark.parametrize("file", [GOLDEN, SECOND])
def test_the_page_reads_it_with_safetensors_and_numpy_alone(file: Path) -> None:
    page = (ROOT / "docs" / "explanation" / "ticket-format.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec("\n".join(blocks), names)
    assert "torch" not in "".join(blocks)
    found = names["read_masks"](file)
    expected = Ticket.load(file).masks
    assert list(found) == list(expected)
    assert all(torch.from_numpy(found[name]).equal(expected[name]) for name in expected)


def test_its_summary_is_what_it_was() -> None:
    found = summarise(GOLDEN)
    assert (found.kind, found.kept, found.total, found.values) == ("self-contained", 265, 839, "float32")
    whole = GOLDEN.read_bytes()
    assert whole[62:63] == b"1"
    assert hashlib.sha256(whole[:75] + b"0" * 64 + whole[139:]).hexdigest().encode() == whole[75:139]
