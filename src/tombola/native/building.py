"""`build`: an exported folder compiled into a shared library, kept in its ``build`` folder for the next time."""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tombola.errors import RequestError, StageError

STANDARD = ("-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
"""Every build has these. Fused multiply-adds are half of the speed, so they are asked for by name."""

LIBRARY = ("-fPIC", "-shared", "-pthread")


def compiler() -> tuple[str, ...]:
    """The words that call the C compiler: those of ``$CC``, as ``ccache gcc``, else cc, gcc or clang."""
    asked = words_of("CC")
    for name, *more in [asked] if asked else [["cc"], ["gcc"], ["clang"]]:
        if found := shutil.which(name):
            return found, *more
    looked = _said(asked) if asked else "cc, gcc and clang"
    raise RequestError(
        f"no C compiler: looked for {looked}; install one (Debian and Ubuntu: apt install gcc; Fedora: dnf install gcc;"
        " macOS: xcode-select --install) or name one in CC"
    )


def words_of(variable: str) -> list[str]:
    """The words of an environment variable, as a shell has them."""
    given = os.environ.get(variable, "")
    try:
        return shlex.split(given)
    except ValueError as error:
        raise RequestError(f"{variable}={given}: {error}; write its words as a shell has them") from None


def _said(asked: Sequence[str]) -> str:
    """What was looked for where ``$CC`` is given."""
    given = f"CC={os.environ['CC']}"
    return given if len(asked) == 1 else f"{asked[0]}, the first word of {given}"


def build(folder: Path, flags: Sequence[str] = ()) -> Path:
    """The library of ``folder/net.c`` built once, with these flags and ``$CFLAGS`` behind the standard ones."""
    source, with_ = folder / "net.c", compiler()
    options = [*STANDARD, *flags, *words_of("CFLAGS"), *LIBRARY]
    text = "\0".join([version_of(with_), _machine(), *with_[1:], *options]).encode()
    key = hashlib.sha256(
        text + source.read_bytes() + b"".join(file.read_bytes() for file in sorted(folder.glob("*.h")))
    ).hexdigest()[:16]
    home = _home(folder)
    for library in home.glob(f"net-{key}-*.so"):
        if library == _called(home, key, library):
            return library
        library.unlink(missing_ok=True)  # damaged since
    with tempfile.TemporaryDirectory(dir=home) as work:
        made = Path(work) / "net.so"
        compile_c(with_, [source], made, options)
        library = _called(home, key, made)
        made.replace(library)  # whole or not at all, whoever else is building it
    return library


def _called(home: Path, key: str, made: Path) -> Path:
    """A library's name: after what it is built of and what came out, so that one that is damaged is seen."""
    return home / f"net-{key}-{hashlib.sha256(made.read_bytes()).hexdigest()[:16]}.so"


def compile_c(with_: Sequence[str], sources: Sequence[Path], made: Path, options: Sequence[str]) -> None:
    """Run the compiler; raises `StageError` with what it said."""
    command = [*with_, *options, *map(str, sources), "-o", str(made), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[:12])
        raise StageError(f"the compiler refused {sources[0].name}: {' '.join(command)}\n{said}")


def _home(folder: Path) -> Path:
    """``folder/build``, or where that cannot be written to a folder of this process that goes with it."""
    home = folder / "build"
    try:
        home.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError:
        return _own()


@lru_cache(maxsize=1)
def _own() -> Path:
    kept = tempfile.TemporaryDirectory(prefix="tombola-native-")
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when the process ends."""


@lru_cache(maxsize=8)
def version_of(with_: tuple[str, ...]) -> str:
    done = subprocess.run([*with_, "--version"], capture_output=True, text=True, check=False)
    return done.stdout


@lru_cache(maxsize=1)
def _machine() -> str:
    """What ``native`` stands for: a folder that moves to another machine is built again there."""
    from tombola.native.targets import cpu_features

    return " ".join([os.uname().machine, *sorted(cpu_features())])
