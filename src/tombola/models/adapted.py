"""`Adapted`: what a network was adapted to: the task, how its images are made ready, the classes it tells. No torch."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from tombola.shown import in_pixels
from tombola.spec import Spec, option


class Preprocessing(Spec):
    """How an image is made ready: its short side resized, the middle cut out. Scaling is the network's first layer."""

    size: int | None = option(None, "height and width in pixels; none where nobody said", ge=1)
    shape: tuple[int, int] | None = option(
        None, "height and width where they are not the same; size is then the side of as many pixels", absent=None
    )
    crop: float = option(1.0, "the share of the short side that is kept", gt=0, le=1)

    @property
    def pixels(self) -> str:
        """``224``, or ``192x256`` where height and width differ."""
        return str(self.size) if self.shape is None else in_pixels(*self.shape)


class Adapted(Spec):
    """A network's head answers this task, on images made ready like this, in these classes.

    >>> str(Adapted.of({"name": "classification", "data": {"name": "digits"}}, size=16, classes=("0", "1")))
    'classification of digits, 2 classes (0, 1), images of 16 pixels'
    """

    task: dict[str, Any] = option(help="the task and its options")
    preprocessing: Preprocessing = option(Preprocessing(), "how an image is made ready")
    classes: tuple[str, ...] = option((), "the classes' names in the order of the outputs; empty where nobody said")
    found: dict[str, Any] | None = option(
        None, "what adapting found and spent, such as a prompt and how often its reward was asked", absent=None
    )

    @classmethod
    def of(
        cls,
        task: Mapping[str, Any],
        *,
        size: int | None,
        classes: Sequence[str],
        shape: tuple[int, int] | None = None,
    ) -> Self:
        """Of a task by its identity, its images being of this size, or shape where they are no squares."""
        oblong = shape if shape is not None and shape[0] != shape[1] else None
        ready = Preprocessing(size=size, shape=oblong, crop=_data(task).get("crop", 1.0))
        return cls(task=dict(task), preprocessing=ready, classes=tuple(classes))

    def of_data(self, name: str) -> Any:
        """An option of the data it was adapted to; None where nobody said."""
        return _data(self.task).get(name)

    @property
    def title(self) -> str:
        """The task in a few words."""
        return " of ".join(filter(None, (str(self.task.get("name", "a task")), _data(self.task).get("name"))))

    def __str__(self) -> str:
        few = ", ".join(self.classes[:5]) + (", ..." if len(self.classes) > 5 else "")
        crop = self.preprocessing.crop
        parts = [self.title, f"{len(self.classes)} classes ({few})" if self.classes else "classes without names"]
        parts += [f"images of {self.preprocessing.pixels} pixels"] if self.preprocessing.size else []
        parts += [f"the middle {crop:g} of their short side"] if crop != 1 else []
        parts += [_prompt(self.found)] if self.found and "prompt" in self.found else []
        return ", ".join(parts)


def _prompt(found: Mapping[str, Any]) -> str:
    return f"prompt {found['prompt']!r} ({found.get('search')}, {found.get('reward_calls')} asked)"


def _data(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of the task's data set; empty for a task of another make."""
    found = task.get("data")
    return found if isinstance(found, Mapping) else {}
