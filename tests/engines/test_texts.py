"""Engines on an encoder of texts: torch's logits of padded texts, and what is left out says why."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.encoders import encoder

from tombola.engines._base import Engine, Setting, Subject
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.showing import batch_of, shown_to
from tombola.models.units import units_of

pytest.importorskip("transformers")

NETWORK = encoder(num_hidden_layers=1)
SETTING = Setting(shown_to(NETWORK, length=9), batch=2)
OFF = {"float32": 1e-5, "int8": 0.1}
ROUNDED = {"onnxruntime:int8": "dynamic", "native:int8": "calibrated on random words"}


def masks() -> Masks:
    """A head and three units are gone."""
    found = {}
    for units in units_of(NETWORK.body):
        for name in units.weights:
            found[name] = torch.ones_like(NETWORK.body.get_parameter(name), dtype=torch.bool)
        found[units.weights[-1]][:, : 3 if units.kind == "units" else units.width] = False
    return Masks(found)


@pytest.fixture(scope="module")
def subject() -> Subject:
    """One for all, as engines share the file that they begin with."""
    return Subject(NETWORK, masks(), SETTING)


@pytest.mark.parametrize(
    "text",
    [
        "torch",
        "shrunk:torch",
        "native",
        pytest.param("native:int8", marks=pytest.mark.slow),
        *(pytest.param(e, marks=pytest.mark.slow) for e in ("onnxruntime", "onnxruntime:int8", "openvino")),
    ],
)
def test_logits_are_torchs_of_the_masked_net(text: str, subject: Subject, tmp_path: Path) -> None:
    engine = Engine.parse({"name": text, "multiple": 1} if text.startswith("shrunk") else text)
    if why := engine.missing():
        pytest.skip(why)
    engine.prepare(subject, tmp_path)
    inputs = SETTING.shown.drawn(SETTING.batch, np.random.default_rng(0))
    batch = batch_of({name: torch.from_numpy(array) for name, array in inputs.items()})
    with torch.no_grad():
        wanted = masked(NETWORK, subject.masks)(batch.x, **batch.more).numpy()
    found = engine.load(tmp_path, SETTING).run(inputs)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=OFF[engine.arithmetic] * np.abs(wanted).max())
    assert engine.arithmetic == "float32" or ROUNDED[text] in engine.remarks(subject)[0]
