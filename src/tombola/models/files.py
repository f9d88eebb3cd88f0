"""A trained network as one safetensors file, and back into the net it came from."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from tombola.errors import ModelError
from tombola.models.network import Network
from tombola.models.saved_tensors import save_tensors
from tombola.models.source import Source
from tombola.spec import canonical


def save_network(network: Network, path: Path) -> Path:
    """The file written, whole or not at all: every tensor of the network, bit for bit; ``path`` is replaced."""
    return save_tensors(network.state_dict(), path, _metadata(network))


def load_network(source: Source, path: Path) -> Network:
    """The network saved in ``path``, in eval mode; ``source`` names the net, its own weights are not read."""
    network = Source(name=f"path:{path}", arch=source.bare, width=source.width).load()
    network.source = _saved_as(path)
    return network


def _metadata(network: Network) -> dict[str, str]:
    found = {"network": network.source, "head": network.head_name}
    return found if network.net is None else {**found, "net": canonical(dict(network.net))}


def _saved_as(path: Path) -> str:
    try:
        with safe_open(path, framework="pt") as file:
            return str((file.metadata() or {}).get("network", ""))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: damaged or not a network ({error})") from None
