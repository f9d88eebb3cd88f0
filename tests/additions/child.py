"""Prints, as JSON, what is said of the additions and what they do; run with ``members/`` on ``TOMBOLA_PATH``."""

import json
import sys
from pathlib import Path

from tests.additions.asked import told
from tests.additions.worked import headed, moved, read, resumed, studied, unpacked


def main(folder: Path) -> None:
    """Everything, in one process."""
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
