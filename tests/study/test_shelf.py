"""The shelf: stages at a url are there when whole, and every machine's store shares them."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY, Toy

from tombola.errors import StoreError
from tombola.fitting.session import Session
from tombola.study.run import run, write_result
from tombola.study.shelf import Shelf
from tombola.study.store import Store
from tombola.study.study import Study

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The rows of the toy study in a folder."""
    folder = tmp_path_factory.mktemp("plain")
    write_result(run(Study.of(STUDY), Store(folder / "store")).rows, folder / "rows.jsonl")
    return (folder / "rows.jsonl").read_bytes()


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a shelf."""
    if request.param == "file":
        yield f"file://{tmp_path}/shelf"
        return
    yield "memory://shelf"
    files = fsspec.filesystem("memory")
    if files.exists("/shelf"):
        files.rm("/shelf", recursive=True)


@pytest.fixture
def made(url: str, tmp_path: Path) -> tuple[Store, Toy, Toy]:
    """A store of one machine with two stages made in it."""
    store = Store(tmp_path / "here", Shelf(url))
    first = Toy(text="a", log=tmp_path / "log")
    second = Toy(text="b", source=first, log=tmp_path / "log")
    assert [store.make(stage, Session()) for stage in (first, second, second)] == ["made", "made", "cached"]
    return store, first, second


def files_of(url: str) -> tuple[Any, str]:
    """The file system and the path of a url."""
    files, root = fsspec.url_to_fs(url)
    return files, root


def path_of(url: str, key: str, name: str) -> str:
    """Where a file of a stage is on the shelf."""
    files, root = files_of(url)
    (found,) = [path for path in files.find(f"{root}/stages/{key[:2]}/{key}") if path.endswith(f"/{name}")]
    return str(found)


def test_another_machine_finds_what_was_made_and_fetches_it_when_needed(
    made: tuple[Store, Toy, Toy], tmp_path: Path
) -> None:
    store, first, second = made
    there = Store(tmp_path / "there", store.shelf)
    assert (there.has(first.key), there.has(second.key), there.has("c" * 64)) == (True, True, False)
    assert not (tmp_path / "there").exists()
    third = Toy(text="c", source=second, log=tmp_path / "log")
    assert [there.make(stage, Session()) for stage in (first, third)] == ["cached", "made"]
    assert (there.folder(third.key) / "text").read_text() == "a+b+c"
    fetched = {path.name for path in (tmp_path / "there" / "stages").glob("*/*")}
    assert fetched == {second.key, third.key}
    assert list((tmp_path / "there" / "fetching").iterdir()) == []
    assert Store(tmp_path / "here", store.shelf).make(third, Session()) == "cached"
    assert len((tmp_path / "log").read_text().splitlines()) == 3
    assert {manifest.key for manifest in store.manifests()} == {first.key, second.key, third.key}
    assert [manifest.key for manifest in store.manifests({first.key, "c" * 64})] == [first.key]
    assert list(store.manifests({"c" * 64})) == []
    assert store.verify() == there.verify() == []


def test_a_stage_cut_short_on_its_way_is_not_there_and_is_put_again(url: str, tmp_path: Path) -> None:
    store, stage = Store(tmp_path / "here", Shelf(url)), Toy(text="a", log=tmp_path / "log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(files_of(url)[0]), "mv", lambda *_: (_ for _ in ()).throw(TimeoutError("gone")))
        with pytest.raises(StoreError, match=r"cannot be reached: TimeoutError: gone"):
            store.make(stage, Session())
    assert not Store(tmp_path / "there", Shelf(url)).has(stage.key)
    assert not store.has(stage.key)
    assert store.make(stage, Session()) == "made"
    assert Store(tmp_path / "there", Shelf(url)).has(stage.key)
    assert len((tmp_path / "log").read_text().splitlines()) == 1  # it was put from the cache, not made again


def test_damage_on_the_shelf_is_named_and_never_fetched(made: tuple[Store, Toy, Toy], url: str, tmp_path: Path) -> None:
    store, first, second = made
    files, _ = files_of(url)
    files.pipe_file(path_of(url, first.key, "text"), b"x")
    files.pipe_file(path_of(url, second.key, "manifest.json"), b"{")
    problems = sorted(store.verify())
    assert len(problems) == 2
    assert any(first.key in problem and "text changed" in problem for problem in problems)
    assert any(second.key in problem and "manifest.json is damaged" in problem for problem in problems)
    there = Store(tmp_path / "there", store.shelf)
    for stage in (first, second):
        with pytest.raises(StoreError, match="is damaged"):
            there.folder(stage.key)
    assert list((tmp_path / "there").glob("stages/*/*")) == []


@pytest.mark.parametrize("harm", [Path.unlink, lambda file: file.write_text("x")], ids=["gone", "changed"])
def test_a_damaged_cache_is_fetched_anew(made: tuple[Store, Toy, Toy], harm: Callable[[Path], object]) -> None:
    store, first, _ = made
    harm(store.folder(first.key) / "text")
    assert (store.folder(first.key) / "text").read_text() == "a"


@pytest.mark.parametrize(
    "name",
    ["/tmp/out", "../../out", "a/../../out", "", ".", "a//b", "C:\\x", "C:x", "..\\x", "a\0b", "manifest.json"],
)
def test_a_manifest_names_nothing_outside_its_folder(
    made: tuple[Store, Toy, Toy], url: str, tmp_path: Path, name: str
) -> None:
    store, first, _ = made
    files, _ = files_of(url)
    place = path_of(url, first.key, "manifest.json")
    told = json.loads(files.cat_file(place))
    told["files"][name] = told["files"].pop("text")
    files.pipe_file(place, json.dumps(told).encode())
    there = Store(tmp_path / "there", store.shelf)
    with pytest.raises(StoreError, match=f"manifest.json of {first.key}"):
        there.folder(first.key)
    assert [path for path in (tmp_path / "there").rglob("*") if path.is_file()] == []


def test_a_digest_is_no_path_either(made: tuple[Store, Toy, Toy], url: str, tmp_path: Path) -> None:
    store, first, _ = made
    files, _ = files_of(url)
    place = path_of(url, first.key, "manifest.json")
    told = json.loads(files.cat_file(place))
    told["files"]["text"]["sha256"] = "../../../x" + "0" * 54
    files.pipe_file(place, json.dumps(told).encode())
    with pytest.raises(StoreError, match=f"manifest.json of {first.key}"):
        Store(tmp_path / "there", store.shelf).folder(first.key)


def test_two_machines_that_put_one_stage_leave_it_whole(url: str, tmp_path: Path) -> None:
    stores = [Store(tmp_path / name, Shelf(url)) for name in ("one", "two")]
    stages = [Toy(text="a"), Toy(text="a")]
    for store in stores:  # as if neither had seen the other: what they leave differs, as times do
        local = Store(store.root)
        local.make(stages[0], Session())
    other = stores[1].root / "stages" / stages[0].key[:2] / stages[0].key
    (other / "text").write_text("a, a little later")
    from tombola.study.manifest import Manifest, content

    manifest = Manifest.read(other)
    assert manifest is not None
    manifest.model_copy(update={"files": {"text": content(other / "text")}}).write(other)
    for store in (*stores, stores[0]):
        Shelf(url).put(stages[0].key, store.root / "stages" / stages[0].key[:2] / stages[0].key)
    third = Store(tmp_path / "three", Shelf(url))
    assert third.verify() == []
    assert (third.folder(stages[0].key) / "text").read_text() == "a"
    files, root = files_of(url)
    assert len(files.find(f"{root}/stages")) == 3
    third.gc({stages[0].key})
    assert len(files.find(f"{root}/stages")) == 2
    assert third.verify() == []


def test_gc_frees_shelf_and_cache(made: tuple[Store, Toy, Toy]) -> None:
    store, first, second = made
    dry = store.gc({second.key}, dry=True)
    assert store.has(first.key)
    assert store.gc({second.key}) == dry
    assert (dry.stages, dry.unfinished) == (1, 0)
    assert (store.has(first.key), store.has(second.key)) == (False, True)
    assert [path.name for path in store.root.glob("stages/*/*")] == [second.key]
    assert store.make(first, Session()) == "made"


def test_the_report_of_a_failure_is_on_the_shelf(url: str, tmp_path: Path) -> None:
    where = Store(tmp_path, Shelf(url)).fail("k" * 64, "what went wrong")
    assert where.startswith(url)
    with fsspec.open(where) as stream:
        assert stream.read() == b"what went wrong"


def test_a_study_on_a_shelf_has_the_rows_of_one_in_a_folder(
    url: str, plain: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.of(STUDY)
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path / "one"))
    write_result(run(study, Store.at(url)).rows, tmp_path / "one.jsonl")
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path / "two"))
    again = run(study, Store.at(url))
    write_result(again.rows, tmp_path / "two.jsonl")
    assert (again.outcome.made, again.before.to_run) == ([], 0)
    assert plain == (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    stages = again.facts(Store.at(url))["stages"]
    assert stages["pretrain"]["count"] == stages["pretrain"]["cached"] == 2


def test_a_store_is_a_folder_or_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path))
    at_url = Store.at("s3://bucket/x")
    assert (at_url.shelf, at_url.place) == (Shelf("s3://bucket/x"), "s3://bucket/x")
    assert at_url.root.is_relative_to(tmp_path)
    assert Store.at("s3://bucket/y/").root != at_url.root == Store.at("s3://bucket/x/").root
    plain = Store.at("tombola-store")
    assert (plain.shelf, plain.root, Path(plain.place).is_absolute()) == (None, Path("tombola-store"), True)


@pytest.mark.parametrize(
    ("url", "words"), [("gopher://x/y", "Protocol not known: gopher"), ("dropbox://x/y", "pip install")]
)
def test_a_place_nothing_reaches_is_one_clear_error(url: str, words: str, tmp_path: Path) -> None:
    store = Store(tmp_path, Shelf(url))
    for use in (lambda: store.has("a" * 64), lambda: store.make(Toy(text="a"), Session())):
        with pytest.raises(StoreError, match=words):
            use()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is forbidden to root")
def test_a_place_that_may_not_be_written_is_told_of_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir(mode=0o500)
    stage = Toy(text="a", log=tmp_path / "log")
    with pytest.raises(StoreError, match="may not be read or written"):
        Store(tmp_path / "here", Shelf(f"file://{tmp_path}/shelf")).make(stage, Session())
    assert not (tmp_path / "log").exists()


def test_a_place_that_refuses_is_told_of_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Access Denied")

    url = f"file://{tmp_path}/shelf"
    monkeypatch.setattr(type(files_of(url)[0]), "pipe_file", refuse)
    with pytest.raises(StoreError, match=r"may not be read or written: .*Access Denied.*credentials"):
        Store(tmp_path / "here", Shelf(url)).make(Toy(text="a", log=tmp_path / "log"), Session())
    assert not (tmp_path / "log").exists()
