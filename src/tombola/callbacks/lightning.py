"""A ticket in Lightning's Trainer: pruned weights stay +0.0 while it trains."""

from typing import Any, final

from lightning.pytorch import Callback
from torch import nn

from tombola.callbacks._keeping import Keeping
from tombola.masks.masks import Masks


@final
class KeepMasks(Callback):  # type: ignore[misc]  # Lightning may be absent where types are checked
    """``Trainer(callbacks=[KeepMasks(ticket.masks, module.net)])``.

    The masks name tensors of the LightningModule, or of ``module``, the part of it that the ticket is of. They are put
    on when the training begins, and when it ends whatever breaks them raises `MaskError`.
    """

    def __init__(self, masks: Masks, module: nn.Module | None = None) -> None:
        self._keeping = Keeping(masks, module)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """The masks are on, and every step of any optimizer keeps them."""
        self._keeping.begin(pl_module, trainer.optimizers)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """They held."""
        self._keeping.end()
