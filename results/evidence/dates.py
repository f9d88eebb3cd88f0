"""When the rules were committed and when the rows they judge, and which of them stand in the wrong order.

    python results/evidence/dates.py            1 where the history says otherwise than the protocol does

A rule is committed where its claim's name is first added to a file of Python under results/evidence, or where its study
file is added with its rule at its head; rows where their file is first added. What counts is the order of commits in
this branch's history; dates are shown beside it. A rule in one commit with its rows shows no order, and a history cut
short shows none either: both are said.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.evidence.claim import Claim, Order
from results.evidence.claims import CLAIMS

ROOT: Final = Path(__file__).parents[2]
_COMMIT: Final = "\x01"


@dataclass(frozen=True)
class Commit:
    """Its place in the history (0 is the oldest), its short name and its author's date."""

    place: int
    name: str
    date: str


def main() -> int:
    """Print a line a claim; 1 where a declared order is not the history's."""
    rules, rows = rules_of(CLAIMS, ROOT), rows_of(CLAIMS, ROOT)
    wrong, late = 0, []
    for claim in CLAIMS:
        rule, made = rules.get(claim.name), rows.get(claim.name)
        found = order(rule, made)
        late += [claim.name] if found == "after" else []
        wrong += found is not None and made is not None and found != claim.order
        print(f"{_told(found, made):24} {_date(rule)}  {_date(made)}  {claim.name}")
    print(f"rules after their rows: {', '.join(late) or 'none'}")
    if wrong:
        print(f"{wrong} claims declare another order than the history has", file=sys.stderr)
    return 1 if wrong else 0


def order(rule: Commit | None, rows: Commit | None) -> Order | None:
    """How the rule stands to its rows; before, where there are none. None for a rule that is in no commit."""
    if rule is None:
        return None if rows is None else "after"
    if rows is None or rule.place < rows.place:
        return "before"
    return "together" if rule.place == rows.place else "after"


def rules_of(claims: Sequence[Claim], root: Path) -> dict[str, Commit]:
    """The commit in which each claim's name was first written."""
    found: dict[str, Commit] = {}
    for commit, lines in _added(root, "results/evidence/*.py", "results/evidence/*.yaml", "results/evidence/**/*.py"):
        text = "\n".join(lines)
        for claim in claims:
            if f'"{claim.name}"' in text or _ruled(claim, text):
                found.setdefault(claim.name, commit)
    return found


def _ruled(claim: Claim, text: str) -> bool:
    """Whether a study file of the claim is among the lines, with its rule at its head."""
    return claim.recipe.endswith(".yaml") and f"name: {claim.study}\n" in text + "\n" and "holds if" in text


def rows_of(claims: Sequence[Claim], root: Path) -> dict[str, Commit]:
    """The commit in which the first of each claim's rows were added."""
    files: Mapping[str, Commit] = _first(root)
    found = {}
    for claim in claims:
        named = [file.relative_to(ROOT).as_posix() for file in claim.files]
        if made := [files[file] for file in named if file in files]:
            found[claim.name] = min(made, key=lambda commit: commit.place)
    return found


def _first(root: Path) -> dict[str, Commit]:
    found: dict[str, Commit] = {}
    for commit, lines in _log(root, "--name-only", "--diff-filter=A", "--", "*.jsonl"):
        for line in lines:
            found.setdefault(line, commit)
    return found


def _added(root: Path, *paths: str) -> list[tuple[Commit, list[str]]]:
    log = _log(root, "-p", "-U0", "--", *paths)
    return [(commit, [line[1:] for line in lines if line.startswith("+")]) for commit, lines in log]


def _log(root: Path, *asked: str) -> list[tuple[Commit, list[str]]]:
    """Commits from the oldest to the newest, each with the lines that git tells of it."""
    command = ["git", "log", "--reverse", f"--format={_COMMIT}%H %h %as", *asked]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    places = {name: place for place, name in enumerate(_history(root))}
    parts = [part.splitlines() for part in told.split(_COMMIT)[1:]]
    return [
        (Commit(places[whole], short, date), lines) for (head, *lines) in parts for whole, short, date in [head.split()]
    ]


def _history(root: Path) -> list[str]:
    command = ["git", "rev-list", "--reverse", "--topo-order", "HEAD"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split()


def _told(found: Order | None, rows: Commit | None) -> str:
    if found is None:
        return "in no commit yet"
    if rows is None:
        return "no rows yet"
    return {"before": "before its rows", "together": "in one commit", "after": "WRONG: after its rows"}[found]


def _date(commit: Commit | None) -> str:
    return f"{commit.date} {commit.name}" if commit else f"{'–':^18}"


if __name__ == "__main__":
    sys.exit(main())
