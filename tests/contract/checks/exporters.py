"""What every exporter keeps: files that hold the masked model, written once, the model as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from tests.fitting.toys import network

from tombola.errors import TombolaError
from tombola.exporters._base import Exporter
from tombola.masks.masks import Masks
from tombola.models.network import Network

from .faults import Fault, first, gives, shake
from .room import Check, pruned, untouched


def exported(exporter: Exporter, model: Network, masks: Masks, out: Path) -> dict[str, bytes]:
    """The files written, by name within ``out``'s folder."""
    files = exporter.export(model, masks, out)
    assert files, "it wrote nothing"
    assert all(file.is_relative_to(out.parent) for file in files)
    assert all(isinstance(line, str) for line in exporter.told(files))
    return {str(file.relative_to(out.parent)): file.read_bytes() for file in files}


def of(exporter: Exporter, model: Network, masks: Masks) -> dict[str, bytes]:
    """In a folder of its own."""
    with TemporaryDirectory() as folder:
        return exported(exporter, model, masks, Path(folder) / f"out{exporter.SUFFIX}")


def it_writes_files_once_and_leaves_the_model_alone(exporter: Exporter) -> None:
    model = network()
    masks = pruned(model)
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"out{exporter.SUFFIX}"
        with untouched(model):
            found = exported(exporter, model, masks, out)
        assert any(found.values()), "the files are empty"
        with pytest.raises(TombolaError):
            exporter.export(network(seed=1), masks, out)
        assert {name: (out.parent / name).read_bytes() for name in found} == found, "it wrote over its files"
    assert masks == pruned(model)


def its_files_are_those_of_the_net_that_is_left(exporter: Exporter) -> None:
    """Other weights and other masks are other files; the value that a pruned weight had leaves no trace."""
    model = network()
    masks, fewer = pruned(model), pruned(model)["3.weight"]
    fewer.view(-1)[-1] = False
    found = of(exporter, model, masks)
    assert of(exporter, network(seed=1), masks) != found, "another net gives the same files"
    assert of(exporter, model, Masks({**masks, "3.weight": fewer})) != found, "other masks give the same files"
    with torch.no_grad():
        model.body.get_parameter("3.weight")[~masks["3.weight"]] = 0.5
    assert of(exporter, model, masks) == found, "the same net gives other files"


CHECKS: tuple[Check, ...] = (
    it_writes_files_once_and_leaves_the_model_alone,
    its_files_are_those_of_the_net_that_is_left,
)


def _emptied(files: list[Path]) -> list[Path]:
    for file in files:
        file.write_bytes(b"the same")
    return files


FAULTS: tuple[Fault, ...] = (
    Fault(
        "writes nothing",
        "state_dict",
        "export",
        lambda method: lambda self, model, masks, out: [],
        it_writes_files_once_and_leaves_the_model_alone,
    ),
    Fault(
        "writes the same of all", "state_dict", "export", gives(_emptied), its_files_are_those_of_the_net_that_is_left
    ),
    Fault(
        "ignores masks",
        "state_dict",
        "export",
        lambda method: lambda self, model, masks, out: method(self, model, Masks({}), out),
        its_files_are_those_of_the_net_that_is_left,
    ),
    Fault(
        "writes over files",
        "state_dict",
        "export",
        lambda method: (
            lambda self, model, masks, out: [out.unlink(missing_ok=True), method(self, model, masks, out)][1]
        ),
        it_writes_files_once_and_leaves_the_model_alone,
    ),
    Fault("changes the model", "state_dict", "export", first(shake), it_writes_files_once_and_leaves_the_model_alone),
)
