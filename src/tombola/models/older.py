"""What older tickets and files say in sentences and loose mappings, read once, here. No torch.

Before `Origin` a lineage held ``model``, a sentence, and ``extra`` with ``net`` and ``adapted_to``; a file of weights
held the same sentence as ``network`` beside ``net``.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tombola.models.adapted import Adapted
from tombola.models.origin import Origin

_TRAINED: Final = ", trained here"
_RANDOM: Final = re.compile(r"(?P<name>\S+) \(random, seed (?P<seed>\d+)\)")
_FILE: Final = re.compile(r"(?P<name>path:.+) \((?P<arch>\S+), sha256 (?P<sha256>\w+)\)")


def older_origin(sentence: str, net: object = None) -> Origin | None:
    """The origin that a sentence and the options of its net tell of; None where there are neither.

    >>> older_origin("path:a.safetensors (resnet8, sha256 0123456789ab)", {"name": "resnet8", "width": 0.5}).source
    {'name': 'path:a.safetensors', 'width': 0.5, 'arch': 'resnet8'}
    """
    options = dict(net) if isinstance(net, Mapping) else {}
    text, trained = sentence.removesuffix(_TRAINED), sentence.endswith(_TRAINED)
    if match := _RANDOM.fullmatch(text):
        source = {**options, "name": match["name"]}
        return Origin(source=source, seed=int(match["seed"]), trained=trained)
    if match := _FILE.fullmatch(text):
        source = {**options, "name": match["name"], "arch": match["arch"]}
        return Origin(source=source, trained=trained, sha256=match["sha256"])
    name = text or options.get("name")
    return Origin(source={**options, "name": name}, trained=trained) if name else None


def older_adapted(extra: Mapping[str, Any]) -> Adapted | None:
    """What a ticket was adapted to; older ones name no classes, and the images' size only where it was an option."""
    task = extra.get("adapted_to")
    if not isinstance(task, Mapping):
        return None
    data = task.get("data")
    size = data.get("size") if isinstance(data, Mapping) else None
    return Adapted.of(task, size=size if isinstance(size, int) else None, classes=())
