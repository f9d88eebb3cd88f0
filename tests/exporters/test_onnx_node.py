"""A foreign client, onnxruntime-node, chooses as torch does.

Set TOMBOLA_ORT_NODE to the folder with node_modules, made by ``npm install --ignore-scripts onnxruntime-node``.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from tombola import verbs
from tombola.data._base import of_images
from tombola.engines._base import Floats
from tombola.exporters._masked import masked
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

FOLDER = os.environ.get("TOMBOLA_ORT_NODE")
COUNT = 100


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="TOMBOLA_ORT_NODE names no folder with onnxruntime-node's node_modules")
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_onnxruntime_node_has_the_same_first_choice_on_100_images(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    fit = {"epochs": "80it", "batch": 32}
    trained = verbs.pretrain("resnet8", "digits", fit)
    ticket = verbs.draw(trained, {"name": "omp", "sparsity": 0.5})
    (file,) = verbs.export(trained, ticket, {"name": "onnx", "size": 16}, tmp_path / "net.onnx")
    pixels, wanted = choices(trained, ticket)
    pixels.tofile(tmp_path / "images")

    modules = Path(str(FOLDER)).resolve()
    modules = modules if modules.name == "node_modules" else modules / "node_modules"
    script = Path(__file__).with_name("top1.mjs")
    command = ["node", *map(str, (script, modules, file, tmp_path / "images", *pixels.shape))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == wanted
    assert len(set(wanted)) > 5, "a net that always chooses the same would prove nothing"


def choices(trained: Network, ticket: Ticket) -> tuple[Floats, list[int]]:
    """The first test images, and what torch's net makes of them."""
    test = of_images(Task.parse("digits").splits(), "a test").test
    images = test.pixels_at(torch.arange(COUNT)).float() / 255
    with torch.no_grad():
        logits = masked(trained, ticket.masks)(images)
    return images.numpy(), logits.argmax(1).tolist()
