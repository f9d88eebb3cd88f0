"""Write EVIDENCE.md, details.md and their pictures from the stored rows, and say what of them was not in those.

    python -m results.evidence            (make evidence)

The exit code is 1 where a page, or the remarks written by hand, held a number that the rows do not give, where a
picture was another, or where rows are missing that a page told of: all are then as the rows are, and the remarks are
to be mended.
"""

import re
import sys
from collections.abc import Mapping
from typing import Final

from results.evidence.claim import HERE
from results.evidence.claims import CLAIMS, JUDGED
from results.evidence.details import details
from results.evidence.forest import NAME, forest
from results.evidence.judged import judged
from results.evidence.page import page, with_remarks
from results.evidence.pictures import pictures

PAGE: Final = HERE.parent / "EVIDENCE.md"
DETAILS: Final = HERE / "details.md"
REMARKS: Final = HERE / "remarks.md"
PICTURES: Final = HERE / "pictures"
NUMBER: Final = re.compile(r"(?<![\w.-])[+-]?\d+(?:\.\d+)?")  # ResNet-20 is a name


def main() -> int:
    """Write the pages and pictures; 0 where nothing was wrong with them."""
    rows = {claim.name: claim.rows() for claim in JUDGED}
    found = judged(JUDGED, rows)
    remarks = REMARKS.read_text(encoding="utf-8")
    texts = {
        PAGE: page(found, [claim for claim in CLAIMS if claim not in JUDGED]),
        DETAILS: details(JUDGED, found, rows),
    }
    computed = "".join(texts.values())
    before = {file: file.read_text(encoding="utf-8") if file.exists() else "" for file in texts}
    wrong = [(REMARKS, *stray) for stray in strays(remarks, computed)]
    texts[PAGE] = with_remarks(texts[PAGE], remarks)
    wrong += [(file, *stray) for file, text in texts.items() for stray in strays(before[file], text)]
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    for file, line, number in wrong:
        print(f"{file.name}:{line}: {number} is not what the rows give", file=sys.stderr)
    old = drawn_anew({NAME: forest(found), **pictures(found, rows)})
    for name in old:
        print(f"{name} was not what the rows give", file=sys.stderr)
    print(f"{PAGE.name}: {len(JUDGED)} claims, {'unchanged' if before == texts else 'written'}")
    return 1 if wrong or old else 0


def drawn_anew(pictures: Mapping[str, str]) -> list[str]:
    """The names of pictures that were there and not these; the folder then holds these alone."""
    PICTURES.mkdir(exist_ok=True)
    there = {file.name: file.read_text(encoding="utf-8") for file in PICTURES.glob("*.svg")}
    for name in set(there) - set(pictures):
        (PICTURES / name).unlink()
    for name, text in pictures.items():
        (PICTURES / name).write_text(text, encoding="utf-8")
    return sorted(name for name, text in there.items() if pictures.get(name) != text)


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
