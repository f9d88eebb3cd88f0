"""For how long the nets of a race learned, in words."""

from collections.abc import Iterator

from tombola.race.decided import Met
from tombola.race.raced import Raced
from tombola.race.rule import holds


def trained(raced: Raced) -> str:
    """For how long, in words."""
    others = f", the others in stretches of {raced.stretch:,}" if raced.stretch else ""
    more = f"; what won learned for {raced.ran.learned:,} steps after it" if raced.winner.pruned else ""
    met = raced.end.met
    again = f" and for {met.longer.steps:,} more" if met is not None and met.longer.kept else ""
    return f"the dense net trained for {raced.steps:,} steps{again}{others}{more}"


def longer(raced: Raced) -> Iterator[str]:
    """What training on brought, of a dense net that was behind and of the winner; nothing where there was no time."""
    if raced.end.met is not None:
        yield _met(raced, raced.end.met)
    if raced.longer is not None:
        then, now = raced.longer.before, raced.longer.after
        end = "" if raced.longer.kept else "; that is left, and it is shipped as it was"
        yield (
            f"trained on for {raced.longer.steps:,} steps: {now.entrant} in {now.engine} from {then.accuracy:.2f} to"
            f" {now.accuracy:.2f} % of validation samples{end}"
        )


def _met(raced: Raced, met: Met) -> str:
    then, now, ahead = met.longer.before, met.longer.after, met.ahead
    what = f"{ahead.entrant} was ahead after {met.behind:,} steps more than the dense net, which was trained on for"
    figures = f"{met.longer.steps:,}: from {then.accuracy:.2f} to {now.accuracy:.2f} % of validation samples"
    if not met.longer.kept:
        return f"{what} {figures}; that is left, and accuracy is held against what it was"
    if holds(ahead, raced.dense, raced.wanted.margin):
        return f"{what} {figures}"
    return f"{what} {figures}; {ahead.entrant} does not hold the margin from that"
