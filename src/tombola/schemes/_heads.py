"""The head a scheme trains with: drawn anew for the task, or the pretrained one."""

from tombola.errors import RequestError
from tombola.fitting.seeds import generator
from tombola.models.network import Network, num_outputs
from tombola.tasks._base import Task


def with_fresh_head(model: Network, task: Task, *, seed: int) -> Network:
    """A copy with a new head for the task, the same for the same seed."""
    return task.head(model, generator=generator(seed, "head"))


def with_pretrained_head(model: Network, task: Task) -> Network:
    """A copy with the head it has, which must fit the task; else a `RequestError` says what to write."""
    if not task.fits(model):
        outputs, classes = num_outputs(model.head), task.answers.outputs
        answers = "" if outputs != classes else f" with one answer {task.ANSWERS.WHAT}, made otherwise"
        raise RequestError(
            f"head=pretrained: the model's head has {outputs} outputs and the task {classes} classes{answers};"
            " write head=fresh, or draw on the task the model was pretrained on"
        )
    return model.copy()
