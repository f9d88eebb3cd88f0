"""Which objectives pairs of views can be trained with."""

from tombola.answers import Vectors
from tombola.errors import RequestError
from tombola.tasks._base import Task


def refuse_views(who: str, why: str, task: Task) -> None:
    """Raise `RequestError` for a task of views: ``who`` cannot train them, ``why`` as half a sentence."""
    if issubclass(task.ANSWERS, Vectors):
        raise RequestError(
            f"{who} {why}, and {task.name} has a target {Vectors.WHAT}; write objective=natural, adversarial, noise or"
            " moco"
        )


def require_views(who: str, task: Task) -> None:
    """Raise `RequestError` for a task that shows no pairs of views."""
    if not issubclass(task.ANSWERS, Vectors):
        raise RequestError(
            f"{who} learns from two views of an image, and {task.name} has a target {task.ANSWERS.WHAT}; write the task"
            f" contrastive:SET, as contrastive:digits, or objective=natural"
        )
