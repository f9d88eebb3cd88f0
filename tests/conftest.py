"""Every test on one thread of torch: toy nets gain nothing from two, and a busy machine then costs nothing."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
