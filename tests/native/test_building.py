"""Building a folder: once, whole or not at all, and with a word on what is missing."""

import ctypes
import shutil
import time
from pathlib import Path

import pytest
from tests.native.small import SIZE, folder, network

from tombola.errors import RequestError, StageError
from tombola.native import building
from tombola.native.building import build, compiler, version_of
from tombola.native.folder import write_folder


def test_what_is_built_stays_in_the_folder_for_the_next_time() -> None:
    first = build(folder(), ["-DNET_WIDTH=1"])
    stamp = first.stat().st_mtime_ns
    assert first.parent == folder() / "build"
    time.sleep(0.01)
    assert build(folder(), ["-DNET_WIDTH=1"]).stat().st_mtime_ns == stamp
    assert not [path for path in first.parent.iterdir() if path.is_dir()]


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_built_elsewhere(tmp_path: Path) -> None:
    copy = tmp_path / "net"
    shutil.copytree(folder(), copy, ignore=shutil.ignore_patterns("build"))
    (copy / "build").write_text("in the way")
    made = build(copy, ["-DNET_WIDTH=1"])
    assert made.exists()
    assert copy not in made.parents


def test_no_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(RequestError, match=r"looked for cc, gcc and clang; install one .*apt install gcc"):
        compiler()
    monkeypatch.setenv("CC", "nobodys-cc")
    with pytest.raises(RequestError, match="looked for CC=nobodys-cc"):
        compiler()
    monkeypatch.setenv("CC", "nobodys-cc -m64")
    with pytest.raises(RequestError, match="looked for nobodys-cc, the first word of CC=nobodys-cc -m64; install"):
        compiler()


def small(folder: Path) -> Path:
    """A folder of one function, which gives back what the compiler was told."""
    folder.mkdir()
    (folder / "net.c").write_text("int asked(void) { return ASKED; }\n")
    return folder


def asked(library: Path) -> int:
    """What was told."""
    return int(ctypes.CDLL(str(library)).asked())


def test_cc_may_have_words_behind_the_compilers_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    (plain,) = compiler()
    through = tmp_path / "a cache"
    through.write_text('#!/bin/sh\nexec "$@"\n')
    through.chmod(0o755)
    made = small(tmp_path / "small")
    for number, cc in enumerate([f"{plain} -DASKED=0", f"'{through}' {plain} -DASKED=1", f"{plain} -DASKED=2"]):
        monkeypatch.setenv("CC", cc)
        assert asked(build(made)) == number, "what is asked of the compiler is part of what was built"
    assert version_of(compiler()) == version_of((plain,)) != ""
    monkeypatch.setenv("CC", " ")
    assert compiler() == (plain,)


@pytest.mark.parametrize("variable", ["CC", "CFLAGS"])
def test_a_quotation_that_is_not_closed_is_told(variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(variable, "gcc '-O1")
    with pytest.raises(RequestError, match=rf"{variable}=gcc '-O1: No closing quotation; write its words as a shell"):
        build(small(tmp_path / "small"))


def test_what_the_compiler_refuses_is_told_with_its_words(tmp_path: Path) -> None:
    write_folder(network(), SIZE, tmp_path / "net", target="plain")
    (tmp_path / "net" / "net.c").write_text("int broken = ;\n")
    with pytest.raises(StageError, match=r"(?s)the compiler refused net\.c.*broken"):
        build(tmp_path / "net")
    assert list((tmp_path / "net" / "build").iterdir()) == []


@pytest.mark.slow
def test_another_machine_builds_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    here = build(folder(), ["-DNET_WIDTH=1"])
    monkeypatch.setattr(building, "_machine", lambda: "another")
    assert build(folder(), ["-DNET_WIDTH=1"]) != here
