"""What this machine computes with, in words and without its name: the processor, and the instructions that decide sums.

The same options give other last bits, and now and then other results, on a processor with other instructions; so both
stand in everything that says where a number comes from.
"""

import platform
from functools import cache
from pathlib import Path
from typing import Final

_TELLING: Final = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16")
_TELLING_ARM: Final = ("asimd", "asimddp", "sve", "sve2", "i8mm", "bf16")


def processor() -> str:
    """``"Intel(R) Xeon(R) Processor"``: what the processor calls itself."""
    return _said("model name") or platform.processor() or platform.machine()


def processor_kind() -> str:
    """What the processor calls itself, with its family, model and stepping where Linux tells them."""
    numbers = [_said(name) for name in ("cpu family", "model", "stepping")]
    known = ".".join(number for number in numbers if number)
    return f"{processor()} ({known})" if known else processor()


def instructions() -> str:
    """``"avx2 fma avx512f"``: those of its instructions that decide how sums are made; empty where it does not tell."""
    known = cpu_flags()
    return " ".join(flag for flag in (*_TELLING, *_TELLING_ARM) if flag in known)


@cache
def cpu_flags() -> frozenset[str]:
    """The processor's instructions as Linux names them; none where it does not tell."""
    lines = (line for line in _cpuinfo() if line.startswith(("flags", "Features")))
    return frozenset(flag for line in lines for flag in line.partition(":")[2].split())


def _said(name: str) -> str:
    """What Linux says of the first processor under a name; empty where it says nothing."""
    pairs = (line.partition(":") for line in _cpuinfo())
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "")


@cache
def _cpuinfo() -> tuple[str, ...]:
    try:
        return tuple(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:  # no such file outside Linux
        return ()
