"""Cores by their numbers."""

import os
import subprocess
import sys

import pytest

from tombola.benching import pinning
from tombola.errors import RequestError


@pytest.mark.parametrize(("text", "wanted"), [("0", (0,)), ("3,1", (1, 3)), ("0-2,2", (0, 1, 2)), (" 4 , 5 ", (4, 5))])
def test_a_list_of_cores(text: str, wanted: tuple[int, ...]) -> None:
    assert pinning.cores(text) == wanted


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1", "0,,1", "1.5", "0-99999999999"])
def test_what_is_no_list_is_said(text: str) -> None:
    with pytest.raises(RequestError, match="no list of cores"):
        pinning.cores(text)


linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot bind to cores")


@linux
def test_a_core_that_is_not_there_and_too_few_cores() -> None:
    with pytest.raises(RequestError, match="no core 4095"):
        pinning.checked("4095", 1)
    here = min(os.sched_getaffinity(0))
    if len(os.sched_getaffinity(0)) > 1:
        with pytest.raises(RequestError, match="too few cores for 2 threads"):
            pinning.checked(str(here), 2)
    assert pinning.checked(str(here), 1) == (here,)
    assert pinning.checked(None, 1) == ()


def test_more_threads_than_cores_are_refused() -> None:
    with pytest.raises(RequestError, match="more threads than cores only wait"):
        pinning.checked(None, 100_000)


@linux
def test_a_pinned_process_stays_on_its_core() -> None:
    core = max(os.sched_getaffinity(0))
    code = f"import os; from tombola.benching.pinning import pin; pin([{core}]); print(os.sched_getaffinity(0))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str({core})
