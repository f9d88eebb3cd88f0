"""The set whose written texts a property changes or adds to."""

from tombola.answers import Classes
from tombola.data._text_set import RowSet
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
