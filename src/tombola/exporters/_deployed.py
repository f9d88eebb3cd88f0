"""`deployed`: a network in the form that its modules are meant to be run in."""

from typing import Final

from tombola.models.network import Network

METHODS: Final = ("reparameterize", "switch_to_deploy", "fuse")
"""What timm's modules call it."""


def deployed(network: Network) -> Network:
    """A copy in which what was trained in branches is one layer, as of RepVGG; the network itself where nothing was.

    Engines do not find that themselves, and whoever ships such a net dense does it first. It is timm's own code, which
    counts on the channels that it gave its layers: not for a net out of which some were cut.
    """
    of_timm = type(network.body).__module__.partition(".")[0] == "timm"
    if not of_timm or not any(hasattr(module, name) for module in network.body.modules() for name in METHODS):
        return network
    from timm.utils.model import reparameterize_model

    copy = network.copy()
    reparameterize_model(copy.body, inplace=True)
    return copy
