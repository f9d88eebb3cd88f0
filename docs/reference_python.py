"""The page of the public names of `tombola`: signatures and docstrings as they are in the code."""

import inspect
import re
from typing import Any

from reference_cards import plain

import tombola

HEAD = """# Python

The names that `import tombola` gives, loaded when first used. Members of a family are named by text, as on the
command line, or given as objects. Their options are in the [reference](index.md).
"""


def page() -> str:
    """Verbs, then nouns, by name."""
    found = [(name, getattr(tombola, name)) for name in tombola.__all__]
    verbs = [_entry(name, thing, "##") for name, thing in found if not inspect.isclass(thing)]
    nouns = [_class(name, thing) for name, thing in found if inspect.isclass(thing)]
    return "\n\n".join([HEAD, *verbs, *nouns]) + "\n"


def _class(name: str, thing: type) -> str:
    methods = [
        _entry(f"{name}.{method}", held, "###")
        for method, held in vars(thing).items()
        if not method.startswith("_") and _is_told(held)
    ]
    return "\n\n".join([_entry(name, thing, "##"), *methods])


def _is_told(held: Any) -> bool:
    bare = getattr(held, "__func__", getattr(held, "fget", getattr(held, "func", held)))
    return inspect.isfunction(bare) and bool(bare.__doc__)


def _entry(name: str, thing: Any, level: str) -> str:
    """Its name, how it is called, what it says of itself."""
    bare = getattr(thing, "__func__", thing)
    parts = [f"{level} {name}"]
    if not isinstance(thing, property) and not hasattr(thing, "func"):
        parts.append(f"```python\n{_call(name, bare)}\n```")
    parts.append(_told(inspect.getdoc(thing) or inspect.getdoc(bare) or ""))
    return "\n\n".join(parts)


def _call(name: str, thing: Any) -> str:
    """``draw(model, scheme, ...)``, a line an argument where it is long."""
    signature = inspect.signature(thing)
    kept = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    text = f"{name}{signature.replace(parameters=kept)}"
    text = re.sub(r"(tombola|torch|collections|pathlib|typing|pydantic)\.[\w.]*?\b(?=\w+\b(?!\.))", "", text).replace(
        "'", ""
    )
    if len(text) <= 100 or not kept:
        return text
    inside, _, after = text.partition("(")[2].rpartition(")")
    return f"{name}(\n" + "".join(f"    {part},\n" for part in _arguments(inside)) + f"){after}"


def _arguments(text: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _told(text: str) -> str:
    """Paragraphs as they are; examples, and blocks that are set in, as code."""
    parts = re.split(r"\n\s*\n", text)
    shown = []
    for part in parts:
        if part.lstrip().startswith(">>>"):
            shown.append(f"```pycon\n{inspect.cleandoc(part)}\n```")
        elif all(line.startswith("    ") for line in part.splitlines()):
            shown.append(f"```text\n{inspect.cleandoc(part)}\n```")
        else:
            shown.append(plain(part))
    return "\n\n".join(shown)
