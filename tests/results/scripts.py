"""Scripts of folders whose names are no package's, as modules."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def loaded(file: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script under its own name, with those beside it in reach, until the test ends."""
    monkeypatch.syspath_prepend(str(file.parent))
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, module)
    spec.loader.exec_module(module)
    return module
