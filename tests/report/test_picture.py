"""The PNG for a README."""

from pathlib import Path

import pytest
from tests.report.rows import demo_rows, row

from tombola.errors import RequestError
from tombola.report.about import About
from tombola.report.picture import main, write_picture
from tombola.rows import write_rows


def test_the_command_writes_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "rows.jsonl", demo_rows())
    out = tmp_path / "docs" / "curves.png"
    assert main([str(tmp_path / "rows.jsonl"), str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"{out}\n"


def test_one_sparsity_and_one_seed_can_be_drawn(tmp_path: Path) -> None:
    rows = [r for r in demo_rows(1) if r.cell["draw.sparsity"] == 0.5]
    assert write_picture(rows, tmp_path / "one.png", dpi=40).stat().st_size > 1000


def test_a_picture_says_where_its_numbers_were_made(tmp_path: Path) -> None:
    about = About.of({"machine": {"processor": "Some Processor, x86_64"}, "versions": {"torch": "2.15.0"}})
    assert about.made == "made on Some Processor, x86_64, with torch 2.15.0"
    assert About.of({}).made == ""
    told = write_picture(demo_rows(1), tmp_path / "made.png", made=about.made, dpi=40).read_bytes()
    assert about.made.encode() in told
    assert about.made.encode() not in write_picture(demo_rows(1), tmp_path / "bare.png", dpi=40).read_bytes()


def test_rows_without_sparsity_and_a_wrong_call_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no sparsity axis"):
        write_picture([row(1.0, prior="a")], tmp_path / "x.png")
    assert main(["rows.jsonl"]) == 2
