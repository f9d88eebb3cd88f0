"""A race's minutes planned: what each piece of it is expected to take, from what was seen before training."""

from collections.abc import Sequence
from typing import Final

from tombola.benching.numbers import SAMPLES
from tombola.race.attacked import passes
from tombola.race.budget import LEAST, Budget
from tombola.race.entrants import DENSE
from tombola.race.notebook import Notebook
from tombola.race.pace import MOST_EPOCHS, an_epoch, asked_steps
from tombola.race.trust import reserved
from tombola.race.wanted import Wanted

JUDGING: Final = 0.03
"""The part of the minutes that judging the dense net in every engine may take by running alone, with more samples."""


def samples_judged(wanted: Wanted, book: Notebook) -> int:
    """Samples of a split that engines are judged on, at most: of more of them a smaller loss can be told for sure.

    It is doubled while there are more and there is time, so that another moment's times mostly leave it the same.
    """
    splits, count = wanted.task.splits(), SAMPLES
    a_sample = 1e-3 / wanted.batch * sum(one.ms for one in book.known[DENSE])
    while count < max(len(splits.val), len(splits.test)) and 2 * count * a_sample <= JUDGING * 60 * wanted.minutes:
        count *= 2
    return count


def planned(wanted: Wanted, book: Notebook) -> Budget:
    """Before the dense net is trained: whatever is judged may be the slowest."""
    known = book.known[DENSE]
    val = min(samples_judged(wanted, book), len(wanted.task.splits().val))
    every, slowest = (1e-3 / wanted.batch * of(one.ms for one in known) for of in (sum, max))
    ready = _ready(book)
    return Budget(
        whole=60 * wanted.minutes,
        step=book.step,
        judged=book.looked + val * every,
        one=2 * ready + val * slowest,
        looking=3 * ready,
        closing=closing(wanted, book, 2 * [max(one.ms for one in known)]),
    )


def closing(wanted: Wanted, book: Notebook, judged: Sequence[float], slower: float = 1.0) -> float:
    """Seconds of the end: nets that take so many milliseconds a run judged on held-out samples, attacks, the card.

    ``slower``: how many times as long it takes to judge as was expected.
    """
    test = min(samples_judged(wanted, book), len(wanted.task.splits().test))
    runs = 1e-3 / wanted.batch * test * sum(judged)
    return slower * (4 * _ready(book) + runs) + passes(wanted) * book.step + reserved(wanted, book.known[DENSE])


def dense_steps(wanted: Wanted, budget: Budget, spent: float, ladders: int) -> int:
    """How long the dense net is trained: as was asked for, or what leaves time for so many ladders."""
    asked = asked_steps(wanted)
    budget.require(spent, asked or LEAST)
    return asked or budget.dense_steps(spent, MOST_EPOCHS * an_epoch(wanted), ladders)


def _ready(book: Notebook) -> float:
    """Seconds until one engine is ready to be timed, and timed."""
    return book.looked / len(book.known[DENSE])
