"""Progress: rate, time left and loss, as lines in a log and as bars on a terminal; never on stdout."""

import pytest

from tombola.cli import progress


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0.0)
    with progress.Lines().task("fit", 10, 4) as bar:
        bar.advance(2, samples=64, loss=0.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fit: 6/10, ")
    assert "images/s" in err
    assert "s left, loss 0.500" in err


def test_a_log_is_not_flooded(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Lines().task("fit", 1000, 0) as bar:
        for _ in range(1000):
            bar.advance(1, samples=1, loss=None)
    assert capsys.readouterr() == ("", "")


def test_stages_promise_no_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0.0)
    with progress.Lines().task("stages", 3, 0) as bar:
        bar.advance(1, samples=0, loss=None)
    assert capsys.readouterr().err == "stages: 1/3\n"


def test_bars_nest_and_end_when_the_work_fails(capsys: pytest.CaptureFixture[str]) -> None:
    bars = progress.Bars()

    def fails() -> None:
        with bars.task("stages", 2, 0) as outer, bars.task("fit", 5, 0) as inner:
            inner.advance(5, samples=10, loss=1.0)
            outer.advance(1, samples=0, loss=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    bars.note("a note")
    out, err = capsys.readouterr()
    assert out == ""
    assert "a note" in err
