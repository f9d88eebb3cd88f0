"""What every engine keeps: torch's logits of the masked net, from files that it wrote, the model as it was."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from tests.fitting.toys import network

from tombola.engines._base import Engine, Floats, Running, Setting, Subject
from tombola.errors import RequestError
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.shown import IMAGES, Arrays, ShownImages

from .faults import Fault, first, gives, shake
from .room import Check, pruned, untouched

SETTING = Setting(ShownImages((3, 12, 12)), batch=2)


def images() -> Floats:
    """A batch."""
    return np.random.default_rng(0).random(SETTING.shape, dtype=np.float32)


def outputs(engine: Engine, masks: Masks) -> list[Floats]:
    """Those of two runs: the second finds what the first left behind."""
    if why := engine.missing():
        pytest.skip(why)
    model = network().eval()
    with TemporaryDirectory() as folder:
        try:
            with untouched(model):
                files = engine.prepare(Subject(model, masks, SETTING), Path(folder))
        except RequestError as error:
            if "no C compiler" not in str(error):
                raise
            pytest.skip(str(error))
        assert files
        assert all(file.is_file() and file.is_relative_to(folder) for file in files)
        running = engine.load(Path(folder), SETTING)
        found = [running.run({IMAGES: images()}).copy() for _ in range(2)]
        layers = running.layers({IMAGES: images()})
        assert all(layer.seconds >= 0 and layer.survivors <= layer.total for layer in layers)
    return found


def its_outputs_are_torchs_of_the_masked_net(engine: Engine) -> None:
    model = network().eval()
    masks = pruned(model)
    with torch.no_grad():
        wanted = masked(model, masks)(torch.from_numpy(images())).numpy()
    for found in outputs(engine, masks):
        assert found.dtype == np.float32
        off = 1e-5 if engine.arithmetic == "float32" else 0.05 * float(np.abs(wanted).max())
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=off)


def it_says_what_it_is(engine: Engine) -> None:
    assert engine.label.partition(":")[0] == engine.name
    assert not engine.missing() or engine.EXTRA or "pip install" in engine.missing()


CHECKS: tuple[Check, ...] = (its_outputs_are_torchs_of_the_masked_net, it_says_what_it_is)


@dataclass
class _Off(Running):
    """Logits a thousandth off."""

    whole: Running

    def run(self, inputs: Arrays) -> Floats:
        return self.whole.run(inputs) + np.float32(0.001)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "ignores masks",
        "torch",
        "prepare",
        lambda method: lambda self, subject, folder: method(self, replace(subject, masks=Masks({})), folder),
        its_outputs_are_torchs_of_the_masked_net,
    ),
    Fault("is off", "torch", "load", gives(_Off), its_outputs_are_torchs_of_the_masked_net),
    Fault(
        "changes the model",
        "torch",
        "prepare",
        first(lambda subject, folder: shake(subject.model)),
        its_outputs_are_torchs_of_the_masked_net,
    ),
)
