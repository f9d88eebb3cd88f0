"""A network as ONNX: made by torch's exporter, stripped of what it says about the machine, checked at once."""

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.disks import written
from tombola.errors import ModelError, RequestError, StageError
from tombola.models.by_place import ByPlace
from tombola.models.network import Network
from tombola.models.showing import arrays_of, drawn
from tombola.shown import Shown, ShownTexts

OUTPUT: Final = "logits"
LARGEST: Final = 2_000_000_000
"""Bytes that one ONNX file can hold: it is a protobuf message."""

_CHECKED: Final = (1, 3)


def require(*packages: str) -> None:
    """Raise `RequestError`, saying what to type, unless all of these packages are installed."""
    lacking = [name for name in packages if importlib.util.find_spec(name) is None]
    if lacking:
        raise RequestError(f"this needs {' and '.join(lacking)}, not installed here; type: pip install 'tombola[onnx]'")


def onnx_model(network: Network, shown: Shown, opset: int) -> Any:
    """The network, which is not changed, as an ``onnx.ModelProto``: any batch of images in [0, 1] -> logits.

    Texts are of any length as well, as int64, their inputs called as encoders call them.
    """
    require("onnx", "onnxscript")
    model = network.copy().to("cpu", torch.float32).eval()
    try:
        with _quiet(), torch.no_grad():
            example = drawn(shown, 2, torch.Generator().manual_seed(0))  # torch takes a batch of one for a constant
            program = torch.onnx.export(
                ByPlace(model, shown),
                (example.x, *example.more.values()),
                dynamo=True,
                input_names=[*shown.names],
                output_names=[OUTPUT],
                dynamic_shapes=_free(shown),
                opset_version=opset,
                external_data=False,
                verbose=False,
            )
            assert program is not None
            proto = program.model_proto
    except Exception as error:  # torch raises whatever the net's own code raises, wrapped several times
        raise ModelError(
            f"torch cannot export this network for {shown.said}: {_reason(error)}; {_what_goes(shown)}"
        ) from error
    found = next(item.version for item in proto.opset_import if not item.domain)
    if found != opset:
        raise RequestError(f"opset={opset}: this torch writes opset {found} instead; write --set opset={found}")
    _strip(proto)
    return proto


def check_out(out: Path) -> None:
    """Raise `RequestError` for a file that is there, or whose folder is not."""
    if out.exists():
        raise RequestError(f"{out} exists; choose another name or remove it first")
    if not out.parent.is_dir():
        raise RequestError(f"the folder {out.parent} does not exist; make it first: mkdir -p {out.parent}")


def write(proto: Any, out: Path) -> None:
    """Write the model whole or not at all; refuses to overwrite, and one too large for a file."""
    check_out(out)
    if proto.ByteSize() > LARGEST:
        raise RequestError(f"the net takes {proto.ByteSize():,} bytes, and an ONNX file holds {LARGEST:,} at most")
    with written(out) as beside:
        beside.write_bytes(proto.SerializeToString())


def largest_difference(proto: Any, network: Network, shown: Shown) -> float:
    """How far ONNX Runtime's logits are from torch's on random samples, as a part of the largest logit.

    Batches of one and of three are tried, so the batch is known to be free; texts of two lengths as well.
    """
    require("onnxruntime")
    import onnxruntime

    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    gaps = []
    for batch, one in zip(_CHECKED, _two_of(shown), strict=True):
        samples = drawn(one, batch, generator)
        try:
            (found,) = session.run(None, arrays_of(one, samples))
        except Exception as error:  # as of its own kinds, which have no common one
            raise ModelError(
                f"ONNX Runtime cannot run what torch exported for {one.counted(batch)}: {_reason(error)};"
                f" {_what_goes(shown)}"
            ) from error
        gaps.append(_relative(torch.from_numpy(found), network, samples))
    return float(torch.tensor(gaps).max())  # which, unlike max(), does not lose a NaN


def check(proto: Any, network: Network, shown: Shown, bound: float) -> float:
    """`largest_difference`, or a `StageError` where it is larger than ``bound``."""
    found = largest_difference(proto, network, shown)
    if not found <= bound:
        raise StageError(
            f"ONNX Runtime's logits differ from torch's by {found:.2g} of the largest logit, more than"
            f" tolerance={bound:g}; nothing was written. Try another opset, or --set tolerance={2 * found:.1g}"
        )
    return found


@torch.no_grad()
def _relative(found: Tensor, network: Network, samples: Batch) -> float:
    wanted = network(samples.x, **samples.more)
    if found.shape != wanted.shape:
        raise StageError(f"the ONNX file answers with shape {tuple(found.shape)}, torch with {tuple(wanted.shape)}")
    return float((found - wanted).abs().max() / wanted.abs().max().clamp_min(torch.finfo(torch.float32).tiny))


def _free(shown: Shown) -> Any:
    """Which axes are of any length, as torch asks for it."""
    most = shown.most if isinstance(shown, ShownTexts) else None
    free = {"batch": torch.export.Dim("batch", min=1), "length": torch.export.Dim("length", min=1, max=most)}
    axes = {place: free[name] for place, name in enumerate(shown.free)}
    return (axes, (axes,) * (len(shown.names) - 1)) if shown.names[1:] else (axes,)


def _two_of(shown: Shown) -> tuple[Shown, Shown]:
    """As it is, and, of texts, of half the length."""
    return shown, shown.at(max(1, shown.length // 2)) if isinstance(shown, ShownTexts) else shown


def _what_goes(shown: Shown) -> str:
    if isinstance(shown, ShownTexts):
        return "neither the batch nor the texts' length may be part of a shape it computes"
    return "the images' size must be one the net takes, the batch must not be part of a shape it computes"


def _strip(proto: Any) -> None:
    """Take out stack traces, which name folders of this machine; nodes are called by their layer instead."""
    taken: set[str] = set()
    for node in proto.graph.node:
        node.name = _fresh(_layer(node) or node.name, node.op_type, taken)
        del node.metadata_props[:]
    graph = proto.graph
    for holder in [proto, graph, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        del holder.metadata_props[:]
    for holder in [graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        holder.doc_string = ""


def _layer(node: Any) -> str:
    """``layer1.0.conv1`` of a node that reads its weight, or whose scopes end in it and in ``conv2d_1``."""
    weights: list[str] = [name for name in node.input if name.endswith(".weight")]
    if weights:
        return weights[0].removeprefix("body.").removesuffix(".weight")
    scopes = next((item.value for item in node.metadata_props if item.key == "pkg.torch.onnx.name_scopes"), "")
    names = [part.strip(" '\"") for part in scopes.strip("[]").split(",")]
    return names[-2].removeprefix("body.") if len(names) > 1 else ""


def _fresh(name: str, kind: str, taken: set[str]) -> str:
    """``name``, with the operation behind it where another node has it already, and a number where that is so too."""
    number = 0
    chosen = name
    while chosen in taken:
        number += 1
        chosen = f"{name}/{kind}" if number == 1 else f"{name}/{kind}_{number}"
    taken.add(chosen)
    return chosen


def _reason(error: BaseException) -> str:
    """The first line of the innermost error."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """torch tells of its steps on stdout, by warnings and, where it fails, by whole graphs; none is the user's."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        told = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
        with warnings.catch_warnings(), told[0], told[1]:
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
