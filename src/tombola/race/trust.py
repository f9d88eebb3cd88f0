"""How far the answers of a net can be trusted: its confidences, and damaged samples.

Both need all its logits, which engines do not leave: they are of the float32 net, on few held-out samples, so that they
cost seconds of a race.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import torch

from tombola.data._base import Images, InMemory, Labelled, by_share, stratified
from tombola.data._typos import KINDS
from tombola.data.corruptions._base import Corruption
from tombola.errors import TombolaError
from tombola.models.network import Network
from tombola.properties._calibration import expected_error
from tombola.properties._responses import require_logits
from tombola.properties._rows import row_mistyped, rows_of
from tombola.properties._test_images import each_batch, image_scores, labelled
from tombola.race.entrants import DENSE
from tombola.race.finish import Timed
from tombola.race.raced import Raced
from tombola.race.wanted import Wanted
from tombola.study.runners._base import torch_threads
from tombola.tasks._base import Task

CONFIDENCES: Final = 200
DAMAGED: Final = 64
"""Held-out samples of which these are measured, at most."""
WAYS: Final = ("gaussian_noise", "defocus_blur", "fog", "jpeg")
"""One each of the benchmark's noise, blur, weather and what cameras and files do."""
SEVERITY: Final = 3
RATE: Final = 0.1
"""The share of letters that is hit."""
BINS: Final = 15
SLOWER: Final = 2
"""How many times as long as the slowest engine of a race torch takes, at most."""
SHARE: Final = 0.05
"""Of the minutes, so much may be spent here; a net that takes longer is not measured."""
_AT_ONCE: Final = 64
_CPU: Final = torch.device("cpu")


def trust_in(raced: Raced, network: Network) -> list[str]:
    """What the card says: a heading, and a line for each of the two with its samples, or why there is none."""
    wanted = raced.wanted
    if not fits(raced):
        return [*_heading(), "- Not measured: no time was left for it; raise --minutes.", ""]
    with torch_threads(wanted.threads):
        lines = [_said(confidences, network, wanted.task), _said(damaged, network, wanted.task)]
    return [*_heading(), *lines, ""]


def reserved(wanted: Wanted, known: Sequence[Timed]) -> float:
    """Seconds of a race's end that are kept for it."""
    return min(seconds(wanted, known), SHARE * 60 * wanted.minutes)


def seconds(wanted: Wanted, known: Sequence[Timed]) -> float:
    """What it takes, where the dense net's times are known."""
    held_out = len(wanted.task.splits().test)
    passes = min(CONFIDENCES, held_out) + (1 + len(WAYS)) * min(DAMAGED, held_out)
    return SLOWER * passes * 1e-3 / wanted.batch * max(one.ms for one in known)


def fits(raced: Raced) -> bool:
    """Whether it can still be done in the minutes that were asked for, by times that are kept: again the same."""
    whole, needed = (
        60 * raced.wanted.minutes,
        seconds(raced.wanted, [one for one in raced.front if one.entrant == DENSE]),
    )
    return needed <= SHARE * whole and raced.seconds + needed <= whole


def confidences(network: Network, task: Task) -> str:
    """The expected calibration error, as the property `calibration_error` has it, and what it is made of."""
    samples = labelled(task.splits().test, task)
    some = stratified(samples, min(CONFIDENCES, len(samples)), seed=0)
    found = each_batch(network, some, _AT_ONCE, _CPU, lambda _, outputs: outputs.float().double())
    sure, answers = require_logits(torch.cat(found), network).softmax(1).max(1)
    right = answers == some.labels
    return (
        f"Calibration: an expected error of {100 * expected_error(sure, right, BINS):.1f} % ({BINS} bins,"
        f" {len(some)} samples): {100 * float(sure.mean()):.1f} % sure on average,"
        f" {100 * float(right.double().mean()):.1f} % right. Of few samples the error looks larger than it is."
    )


def damaged(network: Network, task: Task) -> str:
    """Accuracy on damaged images, or on mistyped texts, beside that on the same samples as they are."""
    samples = labelled(task.splits().test, task)
    of_images = isinstance(samples, Images)
    ways = _damaged_images(samples) if isinstance(samples, Images) else _mistyped_texts(task)
    told = {way: image_scores(network, task, one, _AT_ONCE, _CPU) for way, one in ways}
    what = f"Damaged images (severity {SEVERITY} of 5" if of_images else f"Mistyped texts ({RATE:.0%} of letters"
    words = ", ".join(f"{100 * float(one.mean()):.1f} % {way}" for way, one in told.items())
    return f"{what}, {len(next(iter(told.values())))} samples): right are {words}."


def _damaged_images(samples: Images) -> Iterator[tuple[str, Labelled]]:
    few = by_share(samples.labels, len(samples.classes), min(DAMAGED, len(samples)), seed=0)
    yield "as they are", samples.some(few)
    pixels = samples.pixels_at(few)
    for way in WAYS:
        bad = Corruption.parse(way).corrupt(pixels, SEVERITY, places=few.tolist())
        yield f"with `{way}`", InMemory(bad, samples.labels[few], samples.classes)


def _mistyped_texts(task: Task) -> Iterator[tuple[str, Labelled]]:
    data = rows_of(task, "this")
    rows = data.rows()
    labels = torch.tensor([row.label for row in rows.test], dtype=torch.int64)
    places = by_share(labels, len(rows.classes), min(DAMAGED, len(labels)), seed=0).tolist()
    yield "as they are", data.shown([rows.test[place] for place in places], rows.classes)[0]
    for kind in KINDS:
        bad = [row_mistyped(rows.test[place], place, kind, RATE, seed=0) for place in places]
        yield f"with `{kind}`", data.shown(bad, rows.classes)[0]


def _heading() -> Iterator[str]:
    yield "## Confidence and damage"
    yield "Of `model.ticket` in float32, run by torch, on some of the held-out samples; what is shipped may differ."
    yield ""


def _said(measured: Callable[[Network, Task], str], network: Network, task: Task) -> str:
    try:
        return f"- {measured(network, task)}"
    except TombolaError as error:
        return f"- Not measured: {error}."
