"""The published CIFAR-10 ResNets, read as they were published, reach their published accuracy."""

import io
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tombola.models.source import Source

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))


def _cifar10_test() -> tuple[Tensor, Tensor]:
    pack = np.load(DATA / "cifar10" / "cifar10_test.npz")
    data, ends = pack["sheets"], pack["sheet_offsets"]
    sheets = [np.asarray(Image.open(io.BytesIO(data[a:b].tobytes()))) for a, b in pairwise(ends)]
    images = np.concatenate([sheet.reshape(-1, 32, 32, 3) for sheet in sheets])
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(pack["labels"].astype(np.int64))


@pytest.mark.realdata
@pytest.mark.timeout(600)
@pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here")
@pytest.mark.parametrize(("arch", "published"), [("resnet20", 91.73), ("resnet32", 92.63)])
def test_a_published_resnet_reaches_its_published_accuracy(arch: str, published: float) -> None:
    file = DATA / "weights" / f"cifar10_{arch}_natural.npz"
    network = Source(name=f"path:{file}", arch=arch, normalise="imagenet").load()
    images, labels = _cifar10_test()
    with torch.inference_mode():
        answers = [network(images[i : i + 500].float() / 255).argmax(1) for i in range(0, len(images), 500)]
    accuracy = (torch.cat(answers) == labels).double().mean().item()
    assert 100 * accuracy == pytest.approx(published, abs=0.02)
