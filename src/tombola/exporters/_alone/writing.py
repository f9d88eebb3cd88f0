"""``predict.py``: one file out of several of Tombola's, which import none but each other, for where Tombola is not."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tombola.exporters._alone.words import words_of
from tombola.models.network import Network
from tombola.tasks._tells import tells_classes

By: TypeAlias = Literal["onnx", "native", "texts", "native texts"]

PROGRAM: Final = "predict.py"
LABELS: Final = "labels.txt"
_HOME: Final = Path(__file__).parents[2]
_ANSWERS: Final = ("choices.py", "exporters/_alone/telling.py")
_IMAGES: Final = (*_ANSWERS, "data/_image_files.py", "data/_pictures.py", "exporters/_alone/net.py")
_TEXTS: Final = (
    *_ANSWERS,
    "data/_plain_ids.py",
    "exporters/_alone/word_pieces.py",
    "exporters/_alone/text_net.py",
)
_LIBRARY: Final = "exporters/_alone/native_library.py"
_ASKED: Final = "exporters/_alone/program.py"
_SAID: Final = "exporters/_alone/text_program.py"
_PARTS: Final[Mapping[By, Sequence[str]]] = {
    "onnx": (*_IMAGES, "exporters/_alone/onnx_net.py", _ASKED),
    "native": (*_IMAGES, _LIBRARY, "exporters/_alone/native_net.py", _ASKED),
    "texts": (*_TEXTS, "exporters/_alone/onnx_texts.py", _SAID),
    "native texts": (*_TEXTS, _LIBRARY, "exporters/_alone/native_texts.py", _SAID),
}
_STARTED: Final = 'if __name__ == "__main__":\n    sys.exit(main())\n'


def program(by: By, model: str) -> str:
    """The program for the net called ``model`` beside it: an ONNX file, or ``.`` for C."""
    texts = [(_HOME / part).read_text("utf-8") for part in _PARTS[by]]
    head = ast.get_docstring(ast.parse(texts[-1]), clean=False)
    bodies = [_body(text).strip() for text in texts]
    bodies[-1] = bodies[-1].replace('MODEL = "net.onnx"', f"MODEL = {model!r}")
    return "\n\n\n".join([f'"""{head}"""\n\n' + "\n".join(_imports(texts)), *bodies, _STARTED])


def beside_onnx(network: Network, model: str, tokenizer: str | None = None) -> dict[str, bytes]:
    """The program for an ONNX file, and what it needs beside it: of texts the file of their tokeniser.

    Nothing where there is none for this network, or its tokeniser is not here: it is looked for by the name given too.
    """
    if not fits(network):
        return {}
    if network.normalise.READS == "images":
        return {PROGRAM: program("onnx", model).encode()}
    words = words_of(network, tokenizer)
    return {} if words is None else {PROGRAM: program("texts", model).encode(), **words}


def fits(network: Network) -> bool:
    """Whether a program is for it: nets that tell one class an RGB image or a text, and say what they learned."""
    adapted = network.adapted
    read = network.normalise.READS == "texts" or network.pixels.mean.numel() == 3
    return read and adapted is not None and tells_classes(adapted)


def labels(classes: Sequence[str]) -> str:
    """The classes' names, a line each in the order of the outputs."""
    return "".join(f"{name}\n" for name in classes)


def _imports(texts: Sequence[str]) -> list[str]:
    """What modules import at their top, but for Tombola's own: a line each, sorted."""
    nodes = [node for text in texts for node in ast.parse(text).body]
    whole = {ast.unparse(node) for node in nodes if isinstance(node, ast.Import)}
    parts: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("tombola"):
            parts.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return [*sorted(whole), *(f"from {name} import {', '.join(sorted(parts[name]))}" for name in sorted(parts))]


def _body(text: str) -> str:
    """A module without its docstring and the imports at its top."""
    lines = text.split("\n")
    for place, node in enumerate(ast.parse(text).body):
        told = place == 0 and isinstance(node, ast.Expr)
        if told or isinstance(node, ast.Import | ast.ImportFrom):
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(lines)
