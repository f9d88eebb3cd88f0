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
    check_elements([2**26], 0, "x")
    with pytest.raises(TicketError, match="unfold to 67,108,865 weights"):
        check_elements([2**26, 1], 0, "x")


def test_lineage_is_plain_json() -> None:
    assert Lineage.from_json(LINEAGE.identity()) == LINEAGE
    assert Lineage(extra={"folder": Path("a") / "b"}).extra == {"folder": "a/b"}
    with pytest.raises(ValueError, match="has no identity"):
        Lineage(extra={"thing": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        Lineage(extra={"loss": float("nan")})
