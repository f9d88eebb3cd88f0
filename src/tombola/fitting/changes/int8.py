"""Last steps in int8: from ``begin_at`` on the net answers with the logits of its int8 export, and is trained by them.

What: maps and weights are rounded as ``--to native`` with ``arithmetic=int8`` rounds them, by the same code, and
  gradients go straight through the rounding. Scales are found on the same images of the task, and again every so often;
  batch norms are folded in and keep their statistics, dropout is off. Validation judges the rounded net; what it chose
  before is forgotten, as of another network. At the end the weights are plain float32 ones, pruned ones exactly 0:
  export them with the same options to ship what was trained.
When: the export says that int8 costs accuracy: small nets, depthwise layers, tickets of few weights. Try ``clip=mse``
  and ``sensitivity=measured`` of the export before, which need no training.
Cost: a step takes about twice as long, and rounding all weights; 128 images through the net every so often.
Options: ``begin_at``, a part of the training; ``every``; ``clip`` and ``in_float32`` as of the export. Nets that the
  export cannot follow are refused at the start; objectives that look at features rather than logits see none there.
Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
  CVPR 2018, arXiv 1712.05877; straight-through: Bengio et al., arXiv 1308.3432.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, final

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting.changes._aids import Aid
from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.graphs.cells import Rounding
from tombola.graphs.int8.ranges import Clip
from tombola.graphs.int8.shipping import Shipped
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.shown import IMAGES
from tombola.spec import option
from tombola.tasks._calibration import of_task
from tombola.units import Steps

_FORWARD: Final = "forward"


@final
class Int8(Change):
    """Steps of the net that is shipped."""

    ARGUMENT: ClassVar[str | None] = "begin_at"
    EXAMPLES: ClassVar[Examples] = ({"begin_at": 0.4, "every": "2it"},)

    begin_at: float = option(0.75, "when rounding begins, as a part of the training", ge=0, lt=1)
    every: Steps = option("20it", "how often scales are found anew, as '20it' or '1ep'", validate_default=True)
    clip: Clip = option("largest", "a map's range, as of the export: all that is met, or without what is rare")
    in_float32: tuple[str, ...] = option((), "layers that stay in float32, as of the export")

    def first(self, progress: Progress) -> int:
        """The first step in int8."""
        return min(progress.steps - 1, round(self.begin_at * progress.steps))

    def due(self, progress: Progress) -> bool:
        """Whether scales are found anew before a step."""
        every = max(1, self.every.iterations(progress.per_epoch))
        return (progress.step - self.first(progress)) % every == 0

    def begin(self, given: Given) -> Changing:
        if given.network.normalise.READS != "images":
            raise RequestError(
                f"int8: {type(given.network.body).__name__} ({given.network.source}) reads texts, and last steps in"
                " int8 are for nets of images; leave the change out"
            )
        if late := [one for one in given.beside if one.stands_until > self.begin_at]:
            raise RequestError(
                f"int8 begins at {self.begin_at:g} of the training, and what {late[0].name} adds to the net stands"
                f" there until {late[0].stands_until:g}; write int8.begin_at={late[0].stands_until:g} or more"
            )
        images = torch.from_numpy(of_task(given.task).inputs[IMAGES])
        at_work = Quantising(self, images)
        at_work.put_in(given.network.copy())  # what cannot be is refused before the first step
        return at_work


@final
class Quantising(Changing):
    """`Int8` at work; whether the network is rounded by now is seen on it."""

    def __init__(self, options: Int8, images: Tensor) -> None:
        self._options: Final = options
        self._images: Final = images
        self._network: Network | None = None  # the one that is trained, or will be

    def at(self, given: Given, progress: Progress) -> Edit | None:
        if progress.step < self._options.first(progress):
            return None
        if (shipped := shipped_in(given.network)) is not None:
            if self._options.due(progress):
                shipped.calibrate(self._images.to(_device(given.network)))
            return None
        if any(isinstance(module, Aid) for module in given.network.modules()):  # by rounding, for their last step
            return None
        self._network = given.network.copy()
        self.put_in(self._network)
        return Edit(self._network, given.masks)

    def edited(self, edit: Edit) -> None:
        if edit.network is not self._network and shipped_in(edit.network) is not None:
            take_out(edit.network)  # another change made it, and it may be of other shapes
            self.put_in(edit.network)
        self._network = edit.network

    def finish(self, network: Network) -> Network:
        take_out(network)
        return network

    def tensors(self) -> dict[str, Tensor]:
        shipped = None if self._network is None else shipped_in(self._network)
        if shipped is None:
            return {}
        ways = shipped.how.values()
        scales = torch.tensor([how.scale for how in ways], dtype=torch.float64)
        return {"scales": scales, "zeros": torch.tensor([how.zero for how in ways])}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        if not tensors:
            return
        assert self._network is not None
        shipped = shipped_in(self._network) or self.put_in(self._network)
        ways = zip(tensors["scales"].tolist(), tensors["zeros"].tolist(), strict=True)
        shipped.how = {name: Rounding(*way) for name, way in zip(shipped.how, ways, strict=True)}

    def put_in(self, network: Network) -> Shipped:
        """Let a network answer in int8, in place."""
        options, images = self._options, self._images.to(_device(network))
        shipped = Shipped(network, network.body, images, options.clip, options.in_float32)
        vars(network)[_FORWARD] = shipped  # a copy of the network gets a copy of it
        return shipped


def shipped_in(network: Network) -> Shipped | None:
    """What rounds a network; None where nothing does."""
    found = vars(network).get(_FORWARD)
    return found if isinstance(found, Shipped) else None


def take_out(network: Network) -> None:
    """The inverse of putting it in; a network that is not rounded stays as it is."""
    vars(network).pop(_FORWARD, None)


def _device(network: Network) -> torch.device:
    return next(network.parameters()).device
