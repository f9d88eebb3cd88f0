"""What calls of a network's layers say of it: which batch norm reads which convolution, and which ReLUs are no modules.

Seen in one pass of the task's example through a copy in eval mode; the network itself is not called.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode

from tombola.fitting.changes._base import Given

_RELUS: Final = (torch.ops.aten.relu.default, torch.ops.aten.relu_.default)


def conv_norms(given: Given) -> dict[str, str]:
    """By the body's convolutions that are called once: the batch norm that reads what they give, in order of calls."""
    written: dict[int, tuple[str, Tensor]] = {}  # by what a tensor is; held, so that no other gets its place
    found: dict[str, str] = {}
    calls: list[str] = []

    def note(name: str, layer: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(layer, nn.Conv2d):
            written[id(output)] = (name, output)
            calls.append(name)
        elif isinstance(layer, _BatchNorm) and id(inputs[0]) in written:
            found[written[id(inputs[0])][0]] = name

    _shown(given, note)
    norms = list(found.values())
    return {conv: norm for conv, norm in found.items() if calls.count(conv) == 1 and norms.count(norm) == 1}


def relus_without_a_module(given: Given) -> list[str]:
    """The modules of the body that call a ReLU as a function, each once; ``the body itself`` for its own code."""
    with _copied(given) as (body, show):
        watching = _Relus(body)
        for module in body.modules():
            module.register_forward_pre_hook(watching.enter)
            module.register_forward_hook(watching.leave)
        with watching:
            show()
    return list(dict.fromkeys(watching.found))


class _Relus(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Notes in which module a ReLU is called that is none itself."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.found: list[str] = []
        self._names: Final = {module: name or "the body itself" for name, module in body.named_modules()}
        self._inside: Final[list[nn.Module]] = [body]

    def enter(self, layer: nn.Module, inputs: object) -> None:
        self._inside.append(layer)

    def leave(self, layer: nn.Module, inputs: object, output: object) -> None:
        self._inside.pop()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _RELUS and not isinstance(self._inside[-1], nn.ReLU):
            self.found.append(self._names[self._inside[-1]])
        return func(*args, **(kwargs or {}))


def _shown(given: Given, note: Callable[[str, nn.Module, Any, Any], None]) -> None:
    with _copied(given) as (body, show):
        for name, module in body.named_modules():

            def told(layer: nn.Module, inputs: Any, output: Any, name: str = name) -> None:
                note(name, layer, inputs, output)

            module.register_forward_hook(told)
        show()


@contextmanager
def _copied(given: Given) -> Iterator[tuple[nn.Module, Callable[[], object]]]:
    """The body of a copy, and what shows the copy one sample."""
    copy = given.network.copy().eval()
    example = given.task.example().to(next(copy.parameters()).device)
    with torch.no_grad():
        yield copy.body, lambda: copy(example.x, **example.more)
