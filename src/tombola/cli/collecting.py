"""`collect_late`: what a command loads is not looked through for garbage.

Importing torch makes some 300,000 objects that stay, and Python looks through them 420 times on the way and all of them
again later: an eighth of what drawing from a ResNet-18 costs, and nothing is found. That draw ends with 390,000.
"""

import gc
from typing import Final

LOADED: Final = 450_000
"""Objects: what importing torch, torchvision and all that a command needs makes, and a little more."""


def collect_late() -> None:
    """Look for garbage after `LOADED` objects for the first time, and from then on as often as was set before.

    What is there at that moment is never looked through: modules, which stay to the end.
    """
    usual = gc.get_threshold()

    def first(*_: object) -> None:
        gc.callbacks.remove(first)
        gc.set_threshold(*usual)
        gc.freeze()

    gc.callbacks.append(first)
    gc.set_threshold(LOADED, *usual[1:])
