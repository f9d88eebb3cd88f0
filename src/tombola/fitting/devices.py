"""Where a training runs and in which precision: the device from accelerate, the precision from torch.autocast."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Literal, TypeAlias

import torch

from tombola.errors import OptionError
from tombola.machine import cpu_flags

Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]

_NATIVE = {"amx_bf16", "avx512_bf16", "bf16"}  # x86 and Arm names of instructions that multiply bfloat16


def device_of(name: str) -> torch.device:
    """The device called ``name``: "cpu", "cuda:1", ...; "auto" is the one accelerate gives this process."""
    if name == "auto" and not torch.accelerator.is_available():
        return torch.device("cpu")  # as accelerate would say, which takes a second of the processor to load
    if name == "auto":
        from accelerate import PartialState

        return torch.device(PartialState().device)
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
        if device.type == "meta":
            raise RuntimeError("tensors on meta hold no numbers")
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise OptionError("device", [f"device={name!r} cannot be used ({reason}); write cpu or auto"]) from None
    return device


def resolved(precision: Precision) -> Precision:
    """``auto`` as what it is on this machine: bfloat16 where its GPU, or else its processor, multiplies it.

    The machine that reads the options decides, once: which device a training then runs on, here or elsewhere, is not
    known yet, and the same options under the same key must be the same work on all of them.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if multiplies_bfloat16("cuda" if torch.cuda.is_available() else "cpu") else "float32"


@cache
def multiplies_bfloat16(kind: str) -> bool:
    """Whether a kind of device has bfloat16 instructions (emulating them is slower than float32)."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return kind == "cpu" and bool(_NATIVE & cpu_flags())


@contextmanager
def plain_float32() -> Iterator[None]:
    """Inside, float32 is float32 on every device: no TF32 or bfloat16 in its place, as GPUs take by default.

    A training is in float32 under one key wherever it runs. The process's settings come back as they were.
    """
    convolutions, products = torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.set_float32_matmul_precision(products)


def autocast(device: torch.device, *, bfloat16: bool) -> AbstractContextManager[object]:
    """The context in which forward passes run."""
    if not bfloat16:
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
