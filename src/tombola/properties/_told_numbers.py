"""Which number each test sample was told, which it is, and the correlation of the two with its interval."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from tombola.answers import Number
from tombola.errors import StageError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.outcomes import Z95
from tombola.properties._base import Measurement
from tombola.properties._test_images import each_batch, labelled, require_answers, test_examples
from tombola.rows import Scalar
from tombola.tasks._base import Task

Numbers = NDArray[np.float64]


def require_numbers(task: Task, what: str) -> None:
    """Raise `RequestError` for a task that asks for something else than a number a sample."""
    require_answers(task, Number, f"{what} is of numbers told", "write measure: [accuracy], or --property accuracy")


def correlated(
    what: str,
    correlation: Callable[[Numbers, Numbers], float],
    spread: Callable[[float], float],
    model: Network,
    task: Task,
    batch: int,
    session: Session,
) -> Measurement:
    """The correlation of told and true numbers over the test split, the model in eval mode.

    ``spread`` of it is the variance of Fisher's z, times the samples less three; the interval stands in the detail.
    """
    require_numbers(task, what)
    examples, device = labelled(test_examples(task, None), task), device_of(session.device)
    parts = each_batch(model, examples, batch, device, lambda _, outputs: outputs[:, 0].double().cpu())
    told, true = torch.cat(parts).numpy(), examples.labels.double().numpy()
    for whose, numbers in (("the net tells", told), ("the test split asks for", true)):
        if len(numbers) < 2 or np.ptp(numbers) == 0:
            raise StageError(f"{what}: {whose} the same number everywhere, and no correlation is defined then")
    value = correlation(told, true)
    low, high = interval(value, len(true), spread(value))
    detail: dict[str, Scalar] = {"low": low, "high": high, "level": 0.95}
    return Measurement(what, value, len(true), detail=detail)


def interval(value: float, count: int, spread: float) -> tuple[float, float]:
    """The 95 % interval of a correlation of so many samples, by Fisher's z; all there is where they are three or fewer.

    >>> [round(end, 3) for end in interval(0.9, 100, 1.0)], interval(0.9, 3, 1.0)
    ([0.855, 0.932], (-1.0, 1.0))
    """
    if count <= 3:
        return -1.0, 1.0
    if abs(value) >= 1:
        return value, value
    middle, half = math.atanh(value), Z95 * math.sqrt(spread / (count - 3))
    return math.tanh(middle - half), math.tanh(middle + half)
