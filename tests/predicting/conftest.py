"""One ticket in every form, made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.predicting.finished import adapted, exported, ticket_of


@dataclass(frozen=True)
class Shipped:
    """The same net three times."""

    ticket: Path
    onnx: Path
    native: Path


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A ticket, and what it was exported to."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    folder = tmp_path_factory.mktemp("shipped")
    ticket = ticket_of(adapted(crop=0.875), folder / "x.ticket")
    (folder / "onnx").mkdir()
    onnx = exported(ticket, {"name": "onnx", "predict": True}, folder / "onnx/plants.onnx")
    return Shipped(ticket, onnx, exported(ticket, "native", folder / "net"))
