"""Building a folder: once, whole or not at all, and with a word on what is missing."""

import shutil
import time
from pathlib import Path

import pytest
from tests.native.small import SIZE, folder, network

from tombola.errors import RequestError, StageError
from tombola.native import building
from tombola.native.building import build, compiler
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
