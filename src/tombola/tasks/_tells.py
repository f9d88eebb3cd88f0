"""Whether a network tells one class a sample, by what it says it was adapted to."""

from tombola.answers import Classes
from tombola.errors import UnknownName
from tombola.models.adapted import Adapted
from tombola.tasks._base import Task


def tells_classes(adapted: Adapted) -> bool:
    """Whether its task asks for that; of a task that is not here, whether it names classes."""
    try:
        task = Task.family.get(str(adapted.task.get("name")))
    except UnknownName:
        return bool(adapted.classes)
    assert issubclass(task, Task)
    return task.ANSWERS is Classes
