"""What is said of studies that were run again is what their rows say."""

import subprocess
from pathlib import Path

import pytest
from results.evidence import rerun
from results.evidence.rerun import Ran, Rerun, told, verdicts

from tests.results.test_leads import three
from tombola.rows import Row, write_rows


def priors(robust: tuple[float, float, float]) -> list[Row]:
    made = three("robust", robust) + three("natural", (50, 50.1, 50.2))
    return [row.model_copy(update={"samples": 1_000_000}) for row in made]


def ran(rows: list[Row]) -> Ran:
    return Ran("".join(row.json_line() for row in rows).encode(), rows, "a machine", 1.0)


def test_rows_are_compared_byte_for_byte_and_verdicts_by_what_they_say() -> None:
    here, nearly, behind = priors((60, 60.1, 60.2)), priors((60, 60.1, 60.3)), priors((40, 40.1, 40.2))
    same = Rerun("tombola run demo", ran(here), ran(here), ran(nearly))
    assert (same.same, same.moved, same.turned) == (True, 1, [])
    other = Rerun("tombola run demo", ran(here), ran(nearly), ran(behind))
    assert (other.same, other.moved, len(other.turned)) == (False, 3, 1)
    assert "| `demo` | 6 | byte for byte |" in told([same])
    assert "| `demo` | 6 | **not the same** |" in told([other])
    assert "1 of 6 | 0 of 7" in told([same])


def test_a_study_is_run_from_an_empty_store_with_what_makes_it_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> None:
        seen.append([*command, env.get("ATEN_CPU_CAPABILITY", "")])
        place = Path(command[command.index("--out") + 1]) / "demo"
        assert not Path(command[command.index("--store") + 1]).exists()
        place.mkdir(parents=True)
        write_rows(place / "rows.jsonl", priors((60, 60.1, 60.2)))
        (place / "about.json").write_text('{"versions": {"torch": "2"}, "machine": {"cores": 2}}', encoding="utf-8")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(rerun, "OUT", tmp_path / "rerun.md")
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    assert rerun.main(["--quick"]) == 0
    assert "rerun.py --quick`" in rerun.OUT.read_text(encoding="utf-8")
    assert rerun.main([]) == 0
    assert "cores 2; torch 2" in rerun.OUT.read_text(encoding="utf-8")
    assert [words[-1] for words in seen] == ["", "", "default"] * 3 * 2
    assert "pretrain.epochs=1ep" in seen[0]
    assert "pretrain.epochs=1ep" not in seen[9]
    assert len(verdicts(priors((60, 60.1, 60.2)))) == 7, "three rules a prior, and who is ahead"
