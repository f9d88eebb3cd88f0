"""Linear layers that store their inputs first: GPT-2's, (inputs, outputs) where torch's have (outputs, inputs)."""

import sys

from torch import nn


def stores_inputs_first(module: nn.Module) -> bool:
    """Whether it is such a layer. Nothing is imported: one exists only once transformers is."""
    known = sys.modules.get("transformers.pytorch_utils")
    return known is not None and isinstance(module, known.Conv1D)
