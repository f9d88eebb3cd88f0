"""Writes down what is said of the additions, what they do and how the suites judge them.

Run with ``members/`` on ``TOMBOLA_PATH``: a process of its own, and one for all, as each costs seconds to start.
"""

import json
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.additions.added import ADDED
from tests.additions.asked import told
from tests.additions.worked import headed, moved, read, resumed, studied, unpacked

SUITES: Final = [f"tests/contract/test_{name}.py" for name in ("every_member", "broken_members", "what_members_do")]


def main(folder: Path) -> int:
    """Everything into ``found.json`` and ``report.xml``; what pytest returns."""
    for name in ("study", "teacher", "evolution", "files"):
        (folder / name).mkdir()
    found = {
        "told": told(),
        "studied": studied(folder / "study"),
        "teacher": resumed({"objective": {"name": "teacher", "decay": 0.5}}, folder / "teacher"),
        "evolution": resumed({"changes": [{"name": "evolution", "every": "2it"}]}, folder / "evolution"),
        "moved": moved(),
        "read": read(),
        "headed": headed(folder / "files"),
        "unpacked": unpacked(folder / "files"),
    }
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")
    chosen = ["-k", " or ".join(f"{kind}-{name}" for kind, name in ADDED.items()), "-p", "no:cacheprovider"]
    return int(pytest.main(["-q", "-x", *SUITES, *chosen, f"--junitxml={folder / 'report.xml'}"]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
