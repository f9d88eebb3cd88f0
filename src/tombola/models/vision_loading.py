"""`load_torchvision`: torchvision without torch's compiler, which it needs for one operator that classifiers lack.

Importing torchvision imports torch._dynamo (and sympy), two seconds of the processor, for one function that says
whether a device can be compiled for. Until that is asked, something stands in its place that asks the real one.
"""

import sys
from types import ModuleType
from typing import Any, Final

_PLACES: Final = ("torch._dynamo", "torch._dynamo.utils")


def load_torchvision() -> None:
    """Import torchvision; nothing where it, or the compiler, is there already."""
    if any(name in sys.modules for name in (*_PLACES, "torchvision.ops")):
        return
    package, part = (ModuleType(name) for name in _PLACES)
    package.__path__ = []
    vars(part)["is_compile_supported"] = _is_compile_supported
    sys.modules.update(zip(_PLACES, (package, part), strict=True))
    try:
        import torchvision.ops  # noqa: F401  what asks for it
    finally:
        for name in _PLACES:
            del sys.modules[name]


def _is_compile_supported(device: Any) -> bool:
    from torch._dynamo.utils import is_compile_supported

    return bool(is_compile_supported(device))
