"""Fast tests build fast: what they look at does not depend on how well the compiler optimises."""

import pytest


@pytest.fixture(autouse=True)
def _compiled_quickly(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setenv("CFLAGS", "-O1")
