"""The table of a ticket file: enough for ``tombola show``, without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.tickets.samples import LINEAGE, ticket

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.tickets.table import check_elements, summarise
from tombola.tickets.ticket import Lineage, Ticket


def test_a_file_is_summarised_as_the_ticket_it_holds(tmp_path: Path) -> None:
    made = ticket(keep_values=True)
    path = made.save(tmp_path / "x.ticket", "bfloat16")
    found = summarise(path)
    assert (found.kind, found.layers, found.lineage) == (made.kind, tuple(made.rows()), made.lineage)
    assert (found.values, found.file_bytes) == ("bfloat16", path.stat().st_size)
    assert "self-contained ticket of resnet8" in found.text()
    assert json.loads(json.dumps(found.as_json()))["kept"] == 64


def test_showing_needs_no_torch(tmp_path: Path) -> None:
    path = ticket(keep_values=True).save(tmp_path / "x.ticket")
    code = (
        "import sys; from tombola.tickets.table import summarise; print(summarise(sys.argv[1]).total);"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "256\n"), done.stderr


def test_text_of_a_file_cannot_drive_the_terminal() -> None:
    made = Ticket(Masks({"\x1b[2Jw": torch.ones(1, dtype=torch.bool)}), Lineage(model="\x1b]0;x\x07"))
    assert "\x1b" not in made.summary().text()
    assert "\x07" not in made.summary().text()


def test_a_ticket_that_could_not_be_loaded_is_not_saved() -> None:
    check_elements([200_000_000, 80], 10, "x")
    with pytest.raises(TicketError, match="are of 200,000,081 weights, more than a file of 10 bytes may have"):
        check_elements([200_000_000, 81], 10, "x")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (Ticket(Masks({}), Lineage(extra={"deep": json.loads("[" * 30 + "]" * 30)})), "deep"),
        (Ticket(Masks({"w": torch.ones((1,) * 17, dtype=torch.bool)}), Lineage()), "at most 16 dimensions"),
        (Ticket(Masks({"w\ud800": torch.ones(1, dtype=torch.bool)}), Lineage()), "not the JSON of a ticket"),
        (Ticket(Masks({}), Lineage(seeds={str(seed): seed for seed in range(5000)})), "5,000 entries"),
    ],
    ids=["depth", "dimensions", "letters", "seeds"],
)
def test_what_no_load_would_take_is_not_saved(tmp_path: Path, made: Ticket, why: str) -> None:
    with pytest.raises(TicketError, match=why):
        made.save(tmp_path / "x.ticket")
    assert list(tmp_path.iterdir()) == []


def test_lineage_is_plain_json() -> None:
    assert Lineage.from_json(LINEAGE.identity()) == LINEAGE
    assert Lineage(extra={"folder": Path("a") / "b"}).extra == {"folder": "a/b"}
    with pytest.raises(ValueError, match="has no identity"):
        Lineage(extra={"thing": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        Lineage(extra={"loss": float("nan")})
