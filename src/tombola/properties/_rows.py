"""The set whose written texts a property changes or adds to, and such texts with typing errors."""

from random import Random

from tombola.answers import Classes
from tombola.data._text_set import Row, RowSet
from tombola.data._tokens import Written
from tombola.data._typos import Kind, mistyped
from tombola.errors import RequestError
from tombola.properties._test_images import require_answers
from tombola.tasks._base import Task
from tombola.tasks._texts import OfTexts


def rows_of(task: Task, what: str) -> RowSet:
    """The task's set, its texts cut where they are too long; `RequestError` where they are not told as classes."""
    judged = f"{what} is of texts told as one of several classes"
    require_answers(task, Classes, judged, "leave it out")
    if not isinstance(task, OfTexts) or not isinstance(task.texts, RowSet):
        raise RequestError(f"{judged}, and {task.name} has no texts; leave it out")
    return task.texts if task.texts.longer == "cut" else task.texts.replace(longer="cut")


def row_mistyped(row: Row, place: int, kind: Kind, rate: float, *, seed: int) -> Row:
    """A row mistyped by luck of its own: of the seed, the kind, its place in the set and which of a pair it is."""
    texts = (
        None if text is None else mistyped(text, kind, rate, Random(f"{seed}/{kind}/{place}/{which}"))
        for which, text in enumerate(row.text)
    )
    first, second = texts
    assert first is not None
    return row._replace(text=Written(first, second))
