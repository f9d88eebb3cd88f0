"""``tombola transfer``, interrupted: which command goes on with the checkpoints that it left."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola import verbs
from tombola.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def drawn(name: str, sparsity: float) -> str:
    """The file of a ticket of `resnet8`."""
    verbs.draw("resnet8", sparsity=sparsity).save(name)
    return name


def kept_by(what: str, monkeypatch: pytest.MonkeyPatch, *more: str) -> set[Path]:
    """The folders of checkpoints after a transfer into ``out.ticket`` that is interrupted when all is trained."""

    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "keep", interrupted)
    command = ["transfer", what, "--task", "digits", "--set", "fit.epochs=1it", *more, "-o", "out.ticket"]
    assert CliRunner().invoke(app, command).exit_code == 3
    return set(Path().glob(".out.ticket.*"))


def test_another_ticket_or_model_does_not_go_on_with_what_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = drawn("few.ticket", 0.9), drawn("many.ticket", 0.5)
    first = kept_by(few, monkeypatch)
    assert len(first) == 1
    assert kept_by(few, monkeypatch) == first, "the same command goes on"
    second = kept_by(many, monkeypatch)
    assert len(second) == 2
    third = kept_by(many, monkeypatch, "--model", "resnet8")
    assert len(third) == 3
    assert len(kept_by("resnet8", monkeypatch)) == 4


def test_a_ticket_that_was_drawn_again_under_its_name_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept_by(drawn("x.ticket", 0.9), monkeypatch)
    Path("x.ticket").unlink()
    assert len(kept_by(drawn("x.ticket", 0.5), monkeypatch) - first) == 1
