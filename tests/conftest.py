"""Every test on one thread of torch unless OMP_NUM_THREADS says otherwise, and in a cache of its own."""

import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

settings.register_profile("whatever the machine does beside", deadline=None)
settings.load_profile("whatever the machine does beside")


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    """Toy nets gain nothing from two, and a busy machine then costs nothing."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


@pytest.fixture(autouse=True)
def _compiled_quickly(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast tests build generated C fast: what they look at does not depend on how well the compiler optimises."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setenv("CFLAGS", "-Og")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What was measured of this machine, or fetched for it, decides nothing here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOMBOLA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
