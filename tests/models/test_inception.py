"""FID's Inception network: found, refused, and resized as FID wants it. Its numbers are checked in the slow tests."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.models import inception
from tombola.models.inception import FILES, fid_body, fid_inception


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torch's."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def test_without_its_weights_it_says_which_file_to_put_where(hub: Path) -> None:
    with pytest.raises(ModelError, match=r"pt_inception-2015-12-05-6726825d\.pth and put it into \$TORCH_HOME"):
        fid_inception()
    with pytest.raises(ModelError, match="there is no file"):
        fid_inception(hub / "absent.pth")


@pytest.mark.parametrize("name", FILES)
def test_other_weights_are_refused(hub: Path, name: str) -> None:
    torch.save({"fc.weight": torch.zeros(1008, 2048)}, hub / name)
    with pytest.raises(ModelError, match="a distance under other weights is no FID"):
        fid_inception()


@pytest.mark.slow
def test_a_file_of_the_right_digest_is_read_and_gives_2048_features(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = fid_body()
    assert isinstance(body, torch.nn.Module)
    weights = {name: tensor for name, tensor in body.state_dict().items() if "num_batches" not in name}
    torch.save(weights, hub / FILES[0])
    monkeypatch.setattr(inception, "DIGEST", "")
    network = fid_inception()
    assert not network.training
    assert network.source == "inception (FID, 2015-12-05)"
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    large = F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False)
    with torch.no_grad():
        found, expected = network.features(x), network.features(large)
        assert found.shape == (1, 2048)
        assert torch.allclose(found, expected, atol=1e-5)
        assert torch.allclose(network.copy().features(x), found, atol=1e-6)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    fid_body()
    assert torch.equal(torch.random.get_rng_state(), before)
