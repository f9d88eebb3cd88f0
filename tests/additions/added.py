"""The additions: a file each in ``members/``, which stands on ``TOMBOLA_PATH``; nothing else knows of them."""

from pathlib import Path
from typing import Final

MEMBERS: Final = Path(__file__).parent / "members"
ADDED: Final = {file.parent.name: file.stem for file in sorted(MEMBERS.glob("*/*.py"))}
"""The name of each by its family."""
