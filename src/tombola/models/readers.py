"""Weights files of others: .safetensors, .npz, and torch's pickles where they hold nothing but tensors.

`read_weights` reads one, `renamed` maps its names, `fill` puts it into a module and drops nothing silently.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.pickles import read_pickle, refusal

_PREFIXES: Final = ("module.", "_orig_mod.")
_WRAPPERS: Final = ("state_dict", "model", "model_state_dict", "net", "teacher")


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU.

    Wrappers such as ``state_dict``, ``model`` and ``teacher`` are opened, tensors by layer and name
    (``{"conv1": {"weight": ...}}``) get one name, the prefixes ``module.`` and ``_orig_mod.`` are removed. No code in a
    file is ever run. Whatever is wrong with the file is a `ModelError` that names it.
    """
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise ModelError(f"{file}: cannot tell the format of a weights file from its name; use {', '.join(_READERS)}")
    if not file.is_file():
        raise ModelError(f"{file}: there is no such file")
    try:
        found = reader(file)
    except ModelError:
        raise
    except Exception as error:  # a parser fed a broken file raises whatever it likes
        raise ModelError(f"{file}: damaged or not a {file.suffix} file ({type(error).__name__})") from error
    return _without_prefixes(_tensors(_joined(_unwrapped(found)), file))


def renamed(weights: Mapping[str, Tensor], rules: Iterable[tuple[str, str]], file: Path) -> dict[str, Tensor]:
    """``weights`` under new names: each regular expression replaced in turn, names that become empty left out."""
    patterns = compiled(rules)
    found: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        new = name
        for pattern, replacement in patterns:
            try:
                new = pattern.sub(replacement, new)
            except (re.error, IndexError) as error:
                raise ModelError(
                    f"rename: {replacement!r} is no replacement for {pattern.pattern!r}: {error}"
                ) from None
        if new in found:
            raise ModelError(f"{file}: rename gives two tensors the name {new!r}, one of them was {name!r}")
        if new:
            found[new] = tensor
    return found


def compiled(rules: Iterable[tuple[str, str]]) -> list[tuple[re.Pattern[str], str]]:
    """The rules with their regular expressions read; raises `ModelError` for what is none."""
    found: list[tuple[re.Pattern[str], str]] = []
    for pattern, replacement in rules:
        try:
            found.append((re.compile(pattern), replacement))
        except (re.error, OverflowError, RecursionError) as error:
            raise ModelError(f"rename: {pattern!r} is no regular expression: {error}") from None
    return found


def fill(module: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    """Puts ``weights`` into ``module`` in place; unless every name and shape fits and none is NaN, nothing is changed.

    Only BatchNorm's ``num_batches_tracked`` may be absent: it decides nothing when momentum is fixed.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in weights and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in weights if name not in wanted]
    misfits = [_misfit(name, wanted[name], weights[name]) for name in wanted if name in weights]
    problems = [
        *_listed("in the model but not in the file", missing),
        *_listed("in the file but not in the model", unexpected),
        *_listed("of another shape or kind", [text for text in misfits if text]),
    ]
    if problems:
        hint = " (rename maps names: regular expression -> replacement)" if missing and unexpected else ""
        raise ModelError(f"{file} does not fit {type(module).__name__}: {'; '.join(problems)}{hint}")
    _require_numbers(weights, file)
    wanted.update(weights)  # kept with what torch notes beside a state dict: MNASNet asks for its version
    module.load_state_dict(wanted)


def _require_numbers(weights: Mapping[str, Tensor], file: Path) -> None:
    broken = [name for name, tensor in weights.items() if tensor.is_floating_point() and bool(tensor.isnan().any())]
    if broken:
        raise ModelError(
            f"{file}: {'; '.join(_listed('tensors hold NaN', broken))}; the training that left them had diverged: train"
            " again with a lower rate, or take a file from before"
        )


def _misfit(name: str, wanted: Tensor, given: Tensor) -> str:
    if wanted.shape != given.shape:
        return f"{name} (model {_shape(wanted)}, file {_shape(given)})"
    if wanted.is_floating_point() != given.is_floating_point():
        return f"{name} (model {wanted.dtype}, file {given.dtype})"
    return ""


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _listed(title: str, names: Sequence[str], shown: int = 4) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return [f"{len(names)} {title}: {', '.join(names[:shown])}{more}"]


def _read_safetensors(file: Path) -> object:
    return load_file(file)


def _read_npz(file: Path) -> object:
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return {name: _as_tensor(file, name, arrays) for name in arrays.files}


def _as_tensor(file: Path, name: str, arrays: Mapping[str, np.ndarray]) -> Tensor:
    try:
        array = arrays[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise ModelError(refusal(file, f"the array {name!r} holds pickled objects")) from None
    if array.dtype.kind not in "fiub":
        raise ModelError(f"{file}: the array {name!r} holds {array.dtype}, not numbers")
    return torch.from_numpy(np.array(array))  # a copy: the array may be read-only or of foreign byte order


_READERS: Final[Mapping[str, Callable[[Path], object]]] = {
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
    ".pt": read_pickle,
    ".pth": read_pickle,
    ".tar": read_pickle,
    ".ckpt": read_pickle,
    ".bin": read_pickle,
}
SUFFIXES: Final = tuple(_READERS)


def _unwrapped(found: object) -> object:
    for _ in range(3):  # not for ever: a hostile dict may hold itself
        if not isinstance(found, Mapping):
            return found
        found = next((found[name] for name in _WRAPPERS if isinstance(found.get(name), Mapping)), found)
    return found


def _joined(found: object) -> object:
    """Tensors by layer and name under joined names, as mask files have them; anything else as it is."""
    if not isinstance(found, Mapping) or not all(isinstance(value, Mapping) for value in found.values()):
        return found
    return {
        f"{layer}.{name}": value
        for layer, inside in found.items()
        for name, value in inside.items()
        if value is not None
    }


def _tensors(found: object, file: Path) -> dict[str, Tensor]:
    if not isinstance(found, Mapping) or not found:
        raise ModelError(f"{file}: holds {type(found).__name__} where tensors by name were expected")
    others = [f"{name!r} ({type(value).__name__})" for name, value in found.items() if not _is_plain(value)]
    if others:
        raise ModelError(f"{file}: not a state dict: {'; '.join(_listed('entries are no plain tensors', others))}")
    return {str(name): value.detach() for name, value in found.items()}


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.device.type == "cpu"
        and value.layout is torch.strided
        and not value.is_quantized
    )


def _without_prefixes(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in (*_PREFIXES, *_PREFIXES):
        if all(name.startswith(prefix) for name in weights):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
    return weights
