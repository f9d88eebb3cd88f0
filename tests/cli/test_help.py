"""Help pages: whole at 80 columns, in groups, with examples that the parser takes; and what a shell completes."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tombola.cli import completing, output
from tombola.cli.main import app
from tombola.cli.shortcuts import EXAMPLES, SHORTCUTS


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = list(commands(typer.main.get_command(app)))


def help_of(*words: str) -> list[str]:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.stdout.splitlines()


def test_summaries_are_whole_at_80_columns() -> None:
    lines = help_of()
    assert not any(line.endswith("...") for line in lines[1:])
    for name in app.registered_commands:
        assert sum(line.startswith(f"  {name.name} ") for line in lines) == 1, name.name
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_a_page_has_groups_human_words_and_examples_that_parse(words: tuple[str, ...], command: Any) -> None:
    lines = help_of(*words)
    body = lines[: lines.index("Examples:")]
    assert max(map(len, body)) <= 80
    assert "Output:" in body
    text = "\n".join(body)
    assert not any(typed in text for typed in ("<str>", "INTEGER", "TEXT", "range>", "<float"))
    assert {"--json", "--quiet"} <= {flag for param in command.params for flag in param.opts}
    for line in command.epilog.splitlines():
        first, *given = shlex.split(line)
        assert (first, *given[: len(words)]) == ("tombola", *words)
        command.make_context(words[-1], given[len(words) :])


def test_every_shortcut_has_an_example() -> None:
    assert EXAMPLES.keys() == SHORTCUTS.keys()


def test_a_flag_is_short_for_a_set(tmp_path: Path) -> None:
    one, other = tmp_path / "one.ticket", tmp_path / "other.ticket"
    flags = ["draw", "resnet8", "--sparsity", "0.5", "--pattern", "stripe:4", "-o", str(one), "--quiet"]
    result = CliRunner().invoke(app, flags)
    assert (result.exit_code, result.output) == (0, "")
    sets = ["draw", "resnet8", "--set", "sparsity=0.5", "--set", "pattern=stripe:4", "-o", str(other)]
    assert CliRunner().invoke(app, sets).exit_code == 0
    assert one.read_bytes() == other.read_bytes()


def test_members_models_and_files_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.ticket").touch()
    Path("x.txt").touch()
    Path("xs").mkdir()
    assert completing.members("schemes")("im") == ["imp"]
    assert completing.models("torchv") == ["torchvision:"]
    assert completing.files(completing.TICKETS)("x") == ["x.ticket", "xs/"]
    assert completing.recipes("dem") == ["demo"]
    assert "schemes" in completing.families_and_more("sch")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_what_it_asks_for(shell: str) -> None:
    line = "tombola draw resnet8 --scheme im"
    asked = {
        "_TOMBOLA_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": "4",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    result = CliRunner().invoke(app, [], env=asked, prog_name="tombola")
    assert "imp" in result.stdout


def test_lists_and_cards_load_neither_torch_nor_pydantic() -> None:
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom tombola.cli.main import app\n"
        "for words in (['--help'], ['list'], ['list', 'schemes'], ['list', 'recipes'], ['show', 'scheme', 'imp']):\n"
        "    assert CliRunner().invoke(app, words).exit_code == 0\n"
        "print([name for name in ('torch', 'pydantic', 'numpy', 'rich') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_tables_are_plain_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    table = output.Table(("key", "bytes"), [("a", "1"), ("bc", "1,000")], right=("bytes",))
    assert table.plain() == ["key  bytes", "a        1", "bc   1,000"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.styled("x", bold=True) == "x"
