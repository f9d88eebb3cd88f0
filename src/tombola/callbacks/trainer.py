"""A ticket in the Trainer of Hugging Face's transformers: pruned weights stay +0.0 while it trains."""

from typing import Any, final

from torch import nn
from transformers import TrainerCallback

from tombola.callbacks._keeping import Keeping
from tombola.masks.masks import Masks


@final
class KeepMasks(TrainerCallback):
    """``Trainer(..., callbacks=[KeepMasks(ticket.masks)])``.

    The masks name tensors of the model trained, or of ``module``, the part of it that the ticket is of. They are put on
    when the training begins, and when it ends whatever breaks them raises `MaskError`.
    """

    def __init__(self, masks: Masks, module: nn.Module | None = None) -> None:
        self._keeping = Keeping(masks, module)

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """The masks are on, and every step of the optimizer keeps them."""
        self._keeping.begin(given["model"], [given["optimizer"]])

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """They held."""
        self._keeping.end()
