"""What every engine keeps: torch's logits of the masked net, from files that it wrote, the model as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from tests.fitting.toys import network

from tombola.engines._base import Engine, Floats, Setting
from tombola.errors import RequestError
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks

from .room import Check, pruned, untouched

SETTING = Setting((3, 12, 12), batch=2)


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
                files = engine.prepare(model, masks, SETTING, Path(folder))
        except RequestError as error:
            if "no C compiler" not in str(error):
                raise
            pytest.skip(str(error))
        assert files
        assert all(file.is_file() and file.is_relative_to(folder) for file in files)
        running = engine.load(Path(folder), SETTING)
        found = [running.run(images()).copy() for _ in range(2)]
        layers = running.layers(images())
        assert all(layer.seconds >= 0 and layer.survivors <= layer.total for layer in layers)
    return found


def its_outputs_are_torchs_of_the_masked_net(engine: Engine) -> None:
    model = network().eval()
    masks = pruned(model)
    with torch.no_grad():
        wanted = masked(model, masks)(torch.from_numpy(images())).numpy()
    for found in outputs(engine, masks):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def it_says_what_it_is(engine: Engine) -> None:
    assert engine.label.partition(":")[0] == engine.name
    assert not engine.missing() or engine.EXTRA or "pip install" in engine.missing()


CHECKS: tuple[Check, ...] = (its_outputs_are_torchs_of_the_masked_net, it_says_what_it_is)
