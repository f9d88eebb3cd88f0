"""Write results/EVIDENCE.md from the stored rows, and say which numbers of the file as it was are not in them.

    python -m results.evidence            (make evidence)

The exit code is 1 where the file, or the remarks written by hand, held a number that the rows do not give, or where
rows are missing: the file is then as the rows are, and the remarks are to be mended.
"""

import re
import sys
from typing import Final

from results.evidence.claims import CLAIMS, HERE
from results.evidence.page import command, page, with_remarks

PAGE: Final = HERE.parent / "EVIDENCE.md"
REMARKS: Final = HERE / "remarks.md"
NUMBER: Final = re.compile(r"(?<![\w.-])[+-]?\d+(?:\.\d+)?")  # ResNet-20 is a name


def main() -> int:
    """Write the page; 0 where nothing was wrong with it."""
    missing = sorted({claim.recipe for claim in CLAIMS if not claim.file.exists()})
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    remarks = REMARKS.read_text(encoding="utf-8")
    computed = page([claim for claim in CLAIMS if claim.recipe not in missing])
    found = [(PAGE, *stray) for stray in strays(before, computed + remarks)]
    found += [(REMARKS, *stray) for stray in strays(remarks, computed)]
    after = with_remarks(computed, remarks)
    PAGE.write_text(after, encoding="utf-8")
    for file, line, number in found:
        print(f"{file.name}:{line}: {number} is not what the rows give", file=sys.stderr)
    for recipe in missing:
        print(f"no rows of {recipe}: {command(recipe)}", file=sys.stderr)
    print(f"{PAGE.name}: {len(CLAIMS)} claims, {'unchanged' if before == after else 'written'}")
    return 1 if found or missing else 0


def strays(before: str, after: str) -> list[tuple[int, str]]:
    """Each number of ``before``, with its line, that stands nowhere in ``after``."""
    known = set(NUMBER.findall(after))
    return [
        (line, number)
        for line, text in enumerate(before.splitlines(), 1)
        for number in NUMBER.findall(text)
        if number not in known
    ]


if __name__ == "__main__":
    sys.exit(main())
