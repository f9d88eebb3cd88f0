"""Every test on one thread of torch unless OMP_NUM_THREADS says otherwise, and in a cache of its own."""

import copy
import gc
import importlib.util
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import settings

# no deadline, whatever the machine does beside; others are tried at every run, so many runs see many
settings.register_profile("many short runs", deadline=None, max_examples=25)
settings.load_profile("many short runs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests look at what users get; asked of each test at its turn, this cost more than many of them take."""
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("slow"):
            item.fixturenames.insert(0, "_compiled_well")


def pytest_collection_finish() -> None:
    """What torch and the tests themselves are made of stays to the end: the collector need not go over it.

    It looks rarely at the rest: a test leaves little, and looking took a twentieth of all tests' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure() -> None:
    """At the end they go as ever, or libraries that count their objects would tell of leaks."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    """Toy nets gain nothing from two, and a busy machine then costs nothing."""
    import torch  # seconds, which the process that only hands out tests need not spend before the others start

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


@pytest.fixture(scope="session", autouse=True)
def _compiled_quickly() -> Iterator[None]:
    """Generated C is built fast: what tests look at does not depend on how well the compiler optimises."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFLAGS", "-Og")
        yield


@pytest.fixture
def _compiled_well(_compiled_quickly: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As users compile it, whatever was set for the others before."""
    monkeypatch.delenv("CFLAGS")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What was measured of this machine, or fetched for it, decides nothing here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOMBOLA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _operators_looked_up_once() -> Iterator[None]:
    """Half of an export to ONNX is to look up what torch's operators are in it, the same for every export."""
    from tombola.exporters import _onnx_file

    exported = _onnx_file.onnx_model

    def after_one_look(*args: Any) -> Any:
        if importlib.util.find_spec("onnxscript") is not None:
            _look_up_once()
        return exported(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_onnx_file, "onnx_model", after_one_look)
        yield


@cache
def _look_up_once() -> None:
    from torch.onnx._internal.exporter._registration import ONNXRegistry  # seconds, only where something is exported

    found = cache(ONNXRegistry.from_torchlib)

    def copied(*opset: int, **named: int) -> Any:
        registry = copy.copy(found(*opset, **named))
        registry.functions = {target: [*functions] for target, functions in registry.functions.items()}
        return registry

    ONNXRegistry.from_torchlib = staticmethod(copied)  # type: ignore[method-assign]  # for as long as tests run
