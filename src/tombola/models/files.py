"""A trained network as one safetensors file, and back into the net it came from."""

from pathlib import Path

from tombola.models.network import Network
from tombola.models.said import metadata_of, said_in
from tombola.models.saved_tensors import save_tensors
from tombola.models.source import Source


def save_network(network: Network, path: Path) -> Path:
    """The file written, whole or not at all: every tensor of the network, bit for bit; ``path`` is replaced."""
    return save_tensors(network.state_dict(), path, {"head": network.head_name, **metadata_of(network)})


def load_network(source: Source, path: Path) -> Network:
    """The network saved in ``path``, in eval mode, with the origin of the one that was saved.

    ``source`` names the net where the file does not say it; its own weights are not read.
    """
    origin = said_in(path).origin
    says_it = origin is not None and origin.can_be_built
    net = {} if says_it else {"arch": source.bare, "width": source.width, "options": source.options}
    network = Source(name=f"path:{path}", **net).load()
    network.origin = origin or network.origin
    return network
