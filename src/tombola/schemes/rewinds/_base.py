"""The contract of a rewinding rule: the state every level of a ladder goes back to."""

from abc import abstractmethod
from typing import ClassVar

from tombola.fitting.fit import Fit
from tombola.fitting.part import WHOLE, Part
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.tasks._base import Task
from tombola.units import Steps


class Rewind(Member):
    """Names a state: weights, batch-norm parameters and statistics. Going back to it is bit for bit."""

    family: ClassVar[Family] = Family("rewinds", "tombola.schemes.rewinds")

    TRAINS: ClassVar[bool] = False
    """Whether the state comes out of a training, which is then a rung of its own: level 0."""

    SEEDED: ClassVar[bool] = False
    """Whether the state depends on the seed."""

    LOOKS: ClassVar[bool] = False
    """Whether it looks at the task, though it may train nothing."""

    @property
    def begin(self) -> Steps:
        """Where in the schedule and the data's order a level's training begins."""
        return Steps(0, "it")

    def part(self) -> Part:
        """How much of the fit is trained for the state, where one `TRAINS` for it."""
        return WHOLE

    @abstractmethod
    def state(self, model: Network, task: Task | None, fit: Fit, *, seed: int, session: Session) -> Network:
        """A network in the state to go back to, dense; ``model`` has the task's head and is not changed.

        The task is None for rules that do not train, and the head then is the pretrained one.
        """

    def under(
        self, state: Network, masks: Masks | None, task: Task | None, fit: Fit, *, seed: int, session: Session
    ) -> Network:
        """What a level of these masks is trained from and its ticket holds; the state, which is not changed, for most.

        Without masks nothing is pruned.
        """
        del masks, task, fit, seed, session
        return state
