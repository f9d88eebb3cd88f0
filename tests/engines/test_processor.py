"""What the processor can is read from the system's list, and not guessed where there is none."""

import pytest

from tombola.engines import _processor
from tombola.engines._processor import BFLOAT16, SUMS_OF_INT8, has


@pytest.mark.parametrize(
    ("flags", "able"),
    [
        ("fpu sse4_2 avx2 fma", False),
        ("avx2 avx512f avx512_vnni avx512_bf16", True),
        ("fp asimd asimddp bf16", True),
        ("", None),
    ],
)
def test_int8_and_bfloat16_of_intel_amd_and_arm(flags: str, able: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_processor, "cpu_flags", lambda: frozenset(flags.split()))
    assert [has(names) for names in (SUMS_OF_INT8, BFLOAT16)] == [able, able]
