"""An exported net in Python: equal to torch, with threads and batches, and clear about what it cannot do."""

import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.native.programs import difference
from tests.native.small import SIZE, folder, images, logits, network

import tombola.native
from tombola.errors import RequestError
from tombola.native import targets
from tombola.native.loading import load


@pytest.mark.parametrize(("threads", "batch"), [(1, 1), (1, 4), (2, 1), (2, 3), (3, 8)])
def test_logits_are_torchs_whatever_threads_and_batch(threads: int, batch: int) -> None:
    with load(folder(), threads=threads, batch=batch) as net:
        assert difference(net(images()), logits(images())) < 1e-5
        assert difference(net(images(1)), logits(images(1))) < 1e-5


def test_arrays_give_arrays_and_tensors_tensors() -> None:
    with tombola.native.load(folder()) as net:
        found = net(images(2).double().numpy())
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.float32
        assert torch.equal(net(images(2)), torch.from_numpy(found))


def test_it_knows_its_images_its_classes_and_its_memory() -> None:
    with load(folder(), batch=1) as one, load(folder(), batch=9) as nine:
        assert (one.image, one.classes, one.vector) == (SIZE, 4, 1)
        assert one.arena_bytes < nine.arena_bytes < one.arena_bytes + 9 * 1024  # a batch costs its vectors alone


def test_several_python_threads_share_a_net_and_several_nets_run_at_once() -> None:
    expected = logits(images())
    with load(folder(), threads=2) as one, load(folder(), batch=2) as other, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda net: net(images()), [one, other] * 8))
    assert all(difference(answer, expected) < 1e-5 for answer in found)
    assert all(torch.equal(answer, found[0]) for answer in found)


@pytest.mark.slow
def test_layers_say_what_survives_and_with_a_profile_the_seconds() -> None:
    with load(folder(), profile=True) as net:
        before = net.layers()
        net(images())
        after = net.layers()
    conv = next(layer for layer in after if layer.name == "layer2.0.conv1")
    weight = network().body.get_parameter("layer2.0.conv1.weight")
    assert conv.total == weight.numel()
    assert conv.survivors <= int(weight.count_nonzero())
    assert sum(layer.seconds for layer in before) == 0 < conv.seconds < 1
    assert {layer.kind for layer in after} >= {"enter", "conv", "adaptive", "linear"}


def test_images_of_another_size_are_refused_with_both_sizes() -> None:
    with load(folder()) as net, pytest.raises(RequestError, match=r"\(1, 3, 9, 9\).*3x12x10.*--set size"):
        net(torch.rand(1, 3, 9, 9))


def test_a_closed_net_says_so() -> None:
    net = load(folder())
    net.close()
    net.close()
    with pytest.raises(RequestError, match="is closed"):
        net(images(1))


def test_numbers_of_threads_that_cannot_be() -> None:
    for threads, batch in ((0, 1), (65, 1), (1, 0)):
        with pytest.raises(RequestError, match=f"threads={threads} batch={batch}"):
            load(folder(), threads=threads, batch=batch)


def test_serving_a_net_imports_no_torch() -> None:
    lines = [
        "import sys, numpy, tombola.native",
        f"net = tombola.native.load({str(folder())!r})",
        f"print(net(numpy.zeros((1, *{SIZE}), 'f')).shape, 'torch' in sys.modules)",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.stdout == "(1, 4) False\n", done.stderr


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no net\.json"):
        load(tmp_path)


def test_a_processor_without_the_vectors_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "cpu_features", lambda: frozenset({"avx2", "fma"}))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(RequestError, match="avx512, and this processor lacks avx512f, avx512bw, avx512vl"):
        load(folder(), target="avx512")


@pytest.mark.parametrize(
    ("name", "features", "has"),
    [
        ("amx", set(), True),
        ("avx512", {"avx512bw", "amx_tile", "amx_int8"}, False),
        ("native", {"avx512bw", "amx_tile", "amx_int8"}, True),
        ("native", {"avx512bw", "amx_tile", "amx_bf16"}, False),
        ("native", {"avx2", "fma"}, False),
    ],
)
def test_squares_are_for_processors_with_tiles(
    name: str, features: set[str], has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(targets, "cpu_features", lambda: frozenset(features))
    assert targets.tiles(name) is has


def test_another_machine_altogether(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(RequestError, match=r"neon \(aarch64\) and this machine is x86_64"):
        load(folder(), target="neon")


def test_a_target_nobody_knows() -> None:
    with pytest.raises(RequestError, match="unknown target 'avx513', did you mean 'avx512'"):
        load(folder(), target="avx513")
