"""``predict.py``: one file out of several of Tombola's, which import none but each other, for where Tombola is not."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tombola.models.network import Network
from tombola.tasks._tells import tells_classes

By: TypeAlias = Literal["onnx", "native"]

PROGRAM: Final = "predict.py"
LABELS: Final = "labels.txt"
_HOME: Final = Path(__file__).parents[2]
_PARTS: Final = ("choices.py", "data/_image_files.py", "data/_pictures.py", "exporters/_alone/net.py")
_LAST: Final = "exporters/_alone/program.py"
_STARTED: Final = 'if __name__ == "__main__":\n    sys.exit(main())\n'


def program(by: By, model: str) -> str:
    """The program for the net called ``model`` beside it: an ONNX file, or ``.`` for a folder of C."""
    parts = [*_PARTS, f"exporters/_alone/{by}_net.py", _LAST]
    texts = [(_HOME / part).read_text("utf-8") for part in parts]
    head = ast.get_docstring(ast.parse(texts[-1]), clean=False)
    bodies = [_body(text).strip() for text in texts]
    bodies[-1] = bodies[-1].replace('MODEL = "net.onnx"', f"MODEL = {model!r}")
    return "\n\n\n".join([f'"""{head}"""\n\n' + "\n".join(_imports(texts)), *bodies, _STARTED])


def fits(network: Network) -> bool:
    """Whether there is such a program: for nets that tell one class an RGB image, and say what they were adapted to."""
    adapted = network.adapted
    rgb = network.normalise.READS == "images" and network.pixels.mean.numel() == 3
    return rgb and adapted is not None and tells_classes(adapted)


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
