"""What a folder says of itself is believed where it is as it was written, and is one clear error where it is not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.native import small

from tombola.errors import RequestError, StageError, TombolaError
from tombola.native import about
from tombola.native.calling import Functions
from tombola.native.folder import write_folder
from tombola.native.loading import load


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The small net's folder with what is built of it, to be spoiled."""
    load(small.folder()).close()
    return Path(shutil.copytree(small.folder(), tmp_path / "net"))


def resealed(folder: Path, **changes: Any) -> None:
    """net.json with other words, and a digest that fits them."""
    told = json.loads((folder / about.FILE).read_text())
    told = {name: value for name, value in {**told, **changes}.items() if name != about.SEAL and value is not None}
    (folder / about.FILE).write_text(json.dumps({**told, about.SEAL: about.seal(told)}))


def test_it_says_what_was_exported() -> None:
    found = about.read(small.folder())
    assert (found.shown, found.classes, found.target, found.prefix) == (small.SIZE, 4, "plain", "net")
    assert found.layers[-1] == about.Row("linear", "linear", 128, 128, "dense")


@pytest.mark.slow
def test_other_spaces_and_another_order_are_no_change(copy: Path) -> None:
    told = json.loads((copy / about.FILE).read_text())
    (copy / about.FILE).write_text(json.dumps(dict(reversed(told.items()))))
    assert about.read(copy) == about.read(small.folder())


SPOILED: dict[str, tuple[str, Callable[[bytes], bytes] | None, str]] = {
    "no net.json": (about.FILE, None, r"no net\.json"),
    "an empty net.json": (about.FILE, lambda _: b"", r"net\.json cannot be read"),
    "half of net.json": (about.FILE, lambda raw: raw[: len(raw) // 2], r"net\.json cannot be read"),
    "no UTF-8": (about.FILE, lambda raw: b"\xff" + raw, r"net\.json cannot be read"),
    "brackets without end": (about.FILE, lambda _: b"[" * 100_000, r"net\.json cannot be read"),
    "a list": (about.FILE, lambda _: b"[1]", r"does not say"),
    "another number of classes": (about.FILE, lambda raw: raw.replace(b'"classes": 4', b'"classes": 5'), "not as it"),
    "an older format": (about.FILE, lambda raw: raw.replace(b'"format": 2', b'"format": 1'), "format 1 and .* reads 2"),
    "no net.c": ("net.c", None, r"holds no net\.c"),
    "another net.c": ("net.c", lambda raw: raw.replace(b"NET_SLOT", b"NET_TAIL", 1), r"net\.c is not as it was"),
    "no net.h": ("net.h", None, r"holds no net\.h"),
    "a net.h of other sizes": ("net.h", lambda raw: raw.replace(b"= 4,", b"= 5,"), r"net\.h is not as it was"),
    "no net.dat": ("net.dat", None, r"net\.dat cannot be read"),
    "an empty net.dat": ("net.dat", lambda _: b"", r"net\.dat cannot be read"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_folder_is_one_clear_error(what: str, copy: Path) -> None:
    name, change, words = SPOILED[what]
    raw = (copy / name).read_bytes()
    (copy / name).unlink()
    if change is not None:
        assert change(raw) != raw
        (copy / name).write_bytes(change(raw))
    with pytest.raises(RequestError, match=words) as caught:
        load(copy)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "change",
    [
        {"classes": 5},
        {"image": [3, 12, 11]},
        {"image": "3x12x10"},
        {"layers": []},
        {"layers": [{"name": "conv1"}]},
        {"layers": 7},
        {"layers": None},
        {"prefix": "../net"},
        {"prefix": "another"},
        {"target": "avx513"},
        {"target": ["plain"]},
        {"files": {}},
        {"files": "net.c"},
        {"files": None},
    ],
    ids=str,
)
def test_sealed_nonsense_overruns_nothing(change: dict[str, Any], copy: Path) -> None:
    resealed(copy, **change)
    with pytest.raises(TombolaError) as caught:
        load(copy)
    assert isinstance(caught.value, RequestError)


@pytest.mark.parametrize("at", [0, 9, 70, -1])
def test_one_bit_of_the_data_is_seen(at: int, copy: Path) -> None:
    raw = bytearray((copy / "net.dat").read_bytes())
    raw[at] ^= 16
    (copy / "net.dat").write_bytes(bytes(raw))
    with pytest.raises(StageError, match=r"not the net\.dat that was written together with net\.c, or it was damaged"):
        load(copy)


def test_two_lines_of_the_data_that_changed_places_are_seen(copy: Path) -> None:
    raw = (copy / "net.dat").read_bytes()
    first, second = raw[64:128], raw[128:192]
    assert first != second
    (copy / "net.dat").write_bytes(raw[:64] + second + first + raw[192:])
    with pytest.raises(StageError, match="damaged since"):
        load(copy)


@pytest.mark.slow
def test_a_library_that_was_damaged_is_built_again(copy: Path) -> None:
    (library,) = (copy / "build").glob("*.so")
    whole = library.read_bytes()
    library.write_bytes(whole[:-1000])
    with load(copy) as net:
        assert net(small.images(1)).shape == (1, 4)
    assert [made.name for made in (copy / "build").glob("*.so")] == [library.name]


def test_a_library_of_something_else_is_told(copy: Path) -> None:
    (library,) = (copy / "build").glob("*.so")
    with pytest.raises(StageError, match="no net whose names begin with 'foreign'"):
        Functions.of(library, "foreign")
    (copy / "x.so").write_bytes(b"no library")
    with pytest.raises(StageError, match="cannot be loaded"):
        Functions.of(copy / "x.so")


def test_a_prefix_and_its_header_are_sealed_together(tmp_path: Path) -> None:
    write_folder(small.network(), small.SIZE, tmp_path / "net", target="plain")
    assert set(json.loads((tmp_path / "net" / about.FILE).read_text())["files"]) == {"net.c", "net.h"}
