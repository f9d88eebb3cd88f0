"""`Functions`: what net.h declares, in a shared library that was built of it."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tombola.errors import StageError
from tombola.native.naming import NET


@dataclass(frozen=True)
class Functions:
    """Callables that take and give what net.h says, as ctypes has it."""

    arena: Callable[..., Any]
    start: Callable[..., Any]
    run: Callable[..., Any]
    stop: Callable[..., Any]
    message: Callable[..., Any]
    times: Callable[..., Any]
    sizes: Callable[..., Any]
    vector: Callable[..., Any]

    @classmethod
    def of(cls, path: Path, prefix: str = NET, *, texts: bool = False) -> Self:
        """Those of a library whose public names begin with ``prefix``; a `StageError` where it has them not.

        A net of ``texts`` is run on ids, masks and types of a length.
        """
        try:
            library = ctypes.CDLL(str(path))
        except OSError as error:
            raise StageError(f"{path} cannot be loaded: {error}") from None
        size, pointer, number = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
        kinds: dict[str, tuple[Any, list[Any]]] = {
            "arena": (size, [number, number]),
            "start": (number, [ctypes.POINTER(pointer), pointer, size, pointer, size, number, number]),
            "run": (
                number,
                [pointer, *((pointer, pointer, pointer, number) if texts else (pointer,)), number, pointer],
            ),
            "stop": (None, [pointer]),
            "message": (ctypes.c_char_p, [number]),
            "times": (None, [pointer, ctypes.POINTER(ctypes.c_double)]),
            "sizes": (None, [ctypes.POINTER(number)]),
            "vector": (number, []),
        }
        try:
            found = {name: getattr(library, f"{prefix}_{name}") for name in kinds}
        except AttributeError:
            raise StageError(f"{path} is no net whose names begin with {prefix!r}; Tombola did not write it") from None
        for name, (gives, takes) in kinds.items():
            found[name].restype, found[name].argtypes = gives, takes
        return cls(**found)
