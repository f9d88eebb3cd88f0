"""Every command that a page shows is one: its name, its options and their values are read as the shell would."""

from pathlib import Path
from typing import Any, Final

import pytest
from tests.docs.shown import PAGES, commands
from typer.main import get_command

from tombola.cli.main import app

COMMANDS: Final[Any] = get_command(app)
SHOWN: Final = [(page, words) for page in PAGES for words in commands(page)]


def read(words: list[str]) -> None:
    """Parsed, and nothing run."""
    command, rest = COMMANDS, list(words)
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    assert command is not COMMANDS, f"{words[0]} is no command"
    command.make_context(command.name, rest)


@pytest.mark.parametrize(("page", "words"), SHOWN, ids=[f"{page.stem}:{' '.join(words)[:60]}" for page, words in SHOWN])
def test_a_command_in_a_page_is_read(page: Path, words: list[str]) -> None:
    read(words)


def test_a_wrong_one_would_be_seen() -> None:
    with pytest.raises(Exception, match="No such option"):
        read(["draw", "resnet8", "--nonsense", "1"])
    assert len(SHOWN) > 100
