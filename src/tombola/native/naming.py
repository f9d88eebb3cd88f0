"""`named`: C text whose public names begin with another word than ``net``, so several nets fit into one program."""

import re

from tombola.errors import RequestError

NET = "net"

_PUBLIC = re.compile(
    r"\bstruct net\b|\bnet_(?:arena|start|run|stop|message|times|sizes|vector)\b|\bnet\.h\b"
    r"|\bNET_(?:H|IMAGE\w*|LENGTH|INPUTS|WORDS|TYPES|NEVER|PAD|CLASSES|LAYERS|OK|BAD_\w+|NO_THREADS)\b"
)


def named(text: str, prefix: str) -> str:
    """The text with ``first_run``, ``FIRST_OK``, ``struct first_net`` and ``first.h`` for the prefix ``first``.

    Raises `RequestError` for a prefix that would make a name which means something else there.
    """
    if prefix == NET:
        return text
    new = {_renamed(found[0], prefix) for found in _PUBLIC.finditer(text)}
    if taken := sorted(name for name in new if re.search(rf"\b{re.escape(name)}\b", text)):
        raise RequestError(f"prefix={prefix!r} would name {taken[0]} twice in net.c; give another prefix")
    return _PUBLIC.sub(lambda found: _renamed(found[0], prefix), text)


def _renamed(name: str, prefix: str) -> str:
    if name == "struct net":
        return f"struct {prefix}_net"
    return (prefix.upper() if name.startswith("NET") else prefix) + name[len(NET) :]
