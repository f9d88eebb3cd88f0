"""`Kept`: rewards in a file, so that a killed search asks for none of them again."""

import json
from contextlib import suppress
from pathlib import Path
from typing import final

from tombola.disks import told
from tombola.transfers.prompt.form import Ids


@final
class Kept:
    """Of one question, whose digest is ``of`` and the first line of the file; a file of another one is begun anew."""

    def __init__(self, file: Path, of: str) -> None:
        self._file, self._head = file, json.dumps({"of": of}) + "\n"

    def read(self) -> dict[Ids, float]:
        """What was asked before. A line that a kill cut short, and what was written behind it there, is asked again."""
        known: dict[Ids, float] = {}
        for line in self._lines():
            with suppress(ValueError):
                ids, reward = json.loads(line)
                known[tuple(ids)] = reward
        return known

    def add(self, prompt: Ids, reward: float) -> None:
        """A line more: what a search writes grows with what it asks, not with the square of that."""
        with told(self._file), self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([list(prompt), reward]) + "\n")

    def _lines(self) -> list[str]:
        """Those behind the first one; none where the file is begun."""
        text = self._file.read_text(encoding="utf-8") if self._file.is_file() else ""
        if text.startswith(self._head):
            return text.removeprefix(self._head).splitlines()
        with told(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(self._head, encoding="utf-8")
        return []
