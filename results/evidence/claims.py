"""Every claim of the protocol, paper by paper, each with the rule that judges it.

`dates.py` shows which rules the history has before their rows, and which it has not. That double wins are judged by
intervals and all claims together by Holm's correction was decided after the rows; both only make it harder.
"""

from dataclasses import replace
from typing import Final

from results.evidence.claim import Claim
from results.evidence.papers import (
    bert,
    double_win,
    rlprompt,
    robust_tickets,
    robust_tickets_kept,
    robust_tickets_next,
    training,
    vision,
)

BY_PAPER: Final[dict[str, tuple[Claim, ...]]] = {
    "Robust Tickets": robust_tickets.CLAIMS + robust_tickets_kept.CLAIMS + robust_tickets_next.CLAIMS,
    "Double-Win": double_win.CLAIMS,
    "BERT tickets": bert.CLAIMS,
    "CV tickets": vision.CLAIMS,
    "ToST": tuple(one for one in training.CLAIMS if one.name.startswith("ToST")),
    "SuperTickets": tuple(one for one in training.CLAIMS if one.name.startswith("SuperTickets")),
    "RLPrompt": rlprompt.CLAIMS,
}
CLAIMS: Final = tuple(replace(one, paper=paper) for paper, claims in BY_PAPER.items() for one in claims)
JUDGED: Final = tuple(one for one in CLAIMS if one.has_rows)
"""Those that have rows today: the ones that are judged together."""
