"""What every exporter keeps: files that hold the masked model, written once, the model as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from tests.fitting.toys import network
from tests.models.encoders import encoder

from tombola.errors import TombolaError
from tombola.exporters._base import Exporter
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import prunable

from .faults import Fault, first, gives, shake
from .room import Check, pruned, untouched


def net_for(exporter: Exporter, seed: int = 0) -> Network:
    """A small network that the exporter is for."""
    if exporter.READS == "texts":
        pytest.importorskip("transformers")
        return encoder(num_hidden_layers=1, seed=seed)
    return network(seed=seed)


def masks_of(model: Network) -> Masks:
    """Some weights of two of its layers are pruned."""
    if model.normalise.READS == "images":
        return pruned(model)
    return Masks({name: torch.arange(weight.numel()).view(weight.shape) % 3 != 0 for name, weight in two(model)})


def two(model: Network) -> list[tuple[str, torch.Tensor]]:
    """The first matrices of an encoder."""
    return list(prunable(model.body, "bert").items())[:2]


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
    model = net_for(exporter)
    masks = masks_of(model)
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"out{exporter.SUFFIX}"
        with untouched(model):
            found = exported(exporter, model, masks, out)
        assert any(found.values()), "the files are empty"
        with pytest.raises(TombolaError):
            exporter.export(net_for(exporter, seed=1), masks, out)
        assert {name: (out.parent / name).read_bytes() for name in found} == found, "it wrote over its files"
    assert masks == masks_of(model)


def its_files_are_those_of_the_net_that_is_left(exporter: Exporter) -> None:
    """Other weights and other masks are other files; the value that a pruned weight had leaves no trace."""
    model = net_for(exporter)
    masks, last = masks_of(model), [*masks_of(model)][-1]
    fewer = masks_of(model)[last]
    fewer.view(-1)[fewer.view(-1).nonzero()[-1]] = False
    found = of(exporter, model, masks)
    assert of(exporter, net_for(exporter, seed=1), masks) != found, "another net gives the same files"
    assert of(exporter, model, Masks({**masks, last: fewer})) != found, "other masks give the same files"
    with torch.no_grad():
        model.body.get_parameter(last)[~masks[last]] = 0.5
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
