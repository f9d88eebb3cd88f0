"""What every exporter begins with."""

from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network


def masked(model: Network, masks: Masks) -> Network:
    """A copy in evaluation mode, on the CPU, in float32, pruned weights exactly 0."""
    network = model.copy()
    apply_masks(network.body, masks)
    return network.to("cpu").float().eval()
