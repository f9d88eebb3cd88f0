"""Whether this processor has instructions for numbers of few bits."""

from collections.abc import Collection
from typing import Final

from tombola.machine import cpu_flags

SUMS_OF_INT8: Final = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")
"""A sum of four products of int8 in one instruction, as Linux calls it."""
BFLOAT16: Final = ("avx512_bf16", "amx_bf16", "bf16")


def has(names: Collection[str]) -> bool | None:
    """Whether it has one of these; None where the system does not tell."""
    flags = cpu_flags()
    return not flags.isdisjoint(names) if flags else None
