"""Memory that is freed is not asked of the system again, and whoever set the allocator otherwise is left alone."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from tombola.fitting.freed import keep_freed

kept = keep_freed() if sys.argv[1] == "kept" else False
np.ones(12_000_000)  # 96 MB, above what the heap holds by itself
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    np.ones(12_000_000)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def told(how: str, **more: str) -> tuple[str, int]:
    """Whether it is kept, and the pages that were asked for anew."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], env=plain | more, capture_output=True, text=True, check=True
    )
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_is_freed_is_not_zeroed_anew() -> None:
    kept, faults = told("kept")
    if kept == "False":
        pytest.skip("another C library")
    assert faults * 10 < told("as it is")[1]


def test_an_allocator_that_somebody_set_is_left_alone() -> None:
    assert told("kept", MALLOC_ARENA_MAX="2")[0] == "False"
