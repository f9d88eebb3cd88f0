"""The ray runner on a cluster of two nodes of this machine: rows are inline's, whatever dies on the way."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.study.toys import STUDY, Toy, graph

from tombola.errors import RequestError, StoreError
from tombola.fitting.session import Session, Silent
from tombola.study.plan import Plan
from tombola.study.run import Result, run, write_result
from tombola.study.runners import ray as runner_ray
from tombola.study.runners._base import Runner
from tombola.study.runners._worker import Done
from tombola.study.store import Store
from tombola.study.study import Study

cluster_test = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.timeout(300)]

LONG = Study.of(STUDY).override(["pretrain.epochs=400it", "pretrain.checkpoint_every=5it", "draw.sparsity=0.5"])
SHARED = Study.of({**STUDY, "pretrain": {"epochs": "2it", "batch": 20, "shards": 2}, "axes": {"draw.sparsity": [0.5]}})


class Heard(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


class Dying(Toy):
    """Its process dies, whenever it runs."""

    def work(self, folders: Any, out: Path, session: Session) -> None:
        os._exit(9)


class Telling(Toy):
    """Tells of itself."""

    def work(self, folders: Any, out: Path, session: Session) -> None:
        session.reporter.note(f"{self.text} is worked on")
        super().work(folders, out, session)


# Without a cluster -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"), [("ray", ""), ("ray://host:10001", "//host:10001"), ("ray:host:6379", "host:6379")]
)
def test_an_address_stands_behind_the_name(text: str, address: str) -> None:
    runner = Runner.parse(text)
    assert isinstance(runner, runner_ray.Ray)
    assert runner.address == address


def test_what_a_stage_reserves() -> None:
    runner = runner_ray.Ray(threads=2, gpus=0.5, memory=1.5)
    assert runner.resources("cuda") == {"num_cpus": 2, "num_gpus": 0.5, "memory": 3 << 29}
    assert runner_ray.Ray().resources("cpu") == {"num_cpus": 1, "num_gpus": 0}


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RequestError, match=r"pip install tombola\[ray\]"):
        Runner.parse("ray").run(graph(Toy(text="a")), Store(tmp_path), device="cpu", reporter=Silent())
    assert Runner.parse("ray").run({}, Store(tmp_path), device="cpu", reporter=Silent()).made == []
    assert list(tmp_path.iterdir()) == []


def test_ray_chooses_the_gpus() -> None:
    class Cluster:
        def __init__(self, gpus: int) -> None:
            self.gpus = gpus

        def cluster_resources(self) -> dict[str, float]:
            return {"CPU": 4.0, **({"GPU": float(self.gpus)} if self.gpus else {})}

    assert [runner_ray.device_on(Cluster(count), "auto") for count in (0, 2)] == ["cpu", "cuda"]
    assert runner_ray.device_on(Cluster(2), "cpu") == "cpu"
    with pytest.raises(RequestError, match="write --device cuda"):
        runner_ray.device_on(Cluster(2), "cuda:1")


def test_a_store_is_known_by_its_sign(tmp_path: Path) -> None:
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    sign = here.sign()
    assert Store(tmp_path / "here").sign() == sign != there.sign()
    here.require_sign(sign)
    for other in (there, Store(tmp_path / "nowhere")):
        with pytest.raises(StoreError, match="does not see the store"):
            other.require_sign(sign)


def test_a_stage_whose_input_failed_is_left_out() -> None:
    from tombola.study.runners import _ray_work

    done = _ray_work.work(None, b"", Done("made"), Done(store_error="x"))  # type: ignore[arg-type]  # it is not looked at
    assert done == Done("left out")


# On a cluster ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head that runs nothing and two nodes with one CPU each, on this machine's loopback."""
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RAY_ADDRESS", "TOMBOLA_PATH"):
            patch.delenv(name, raising=False)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("GLOO_SOCKET_IFNAME", "lo")
        folder = tmp_path_factory.mktemp("nodes")
        before = signal.getsignal(signal.SIGTERM)
        import ray
        from ray._private import ray_constants
        from ray.cluster_utils import Cluster

        patch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)  # addresses stay those of the loopback
        quiet: dict[str, Any] = {"node_ip_address": "127.0.0.1", "include_dashboard": False}
        found: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **quiet})
        try:
            for name in ("one", "two"):
                found.add_node(num_cpus=1, env_vars={"TOMBOLA_CACHE": str(folder / name)}, **quiet)
            ray.init(found.address, log_to_driver=False, _node_ip_address="127.0.0.1")
            yield found
        finally:
            ray.shutdown()
            found.shutdown()
            signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The rows of the long study, made inline."""
    folder = tmp_path_factory.mktemp("alone")
    return rows(run(LONG, Store(folder / "store")), folder)


def rows(result: Result, folder: Path) -> bytes:
    """The rows of a result as a file has them."""
    write_result(result.rows, folder / "rows.jsonl")
    return (folder / "rows.jsonl").read_bytes()


def when(condition: Callable[[], bool], then: Callable[[], object]) -> threading.Thread:
    """Do something as soon as a condition holds."""

    def watch() -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if condition():
                then()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def training(store: Store) -> bool:
    """Whether some pretraining has left a checkpoint."""
    return any((store.root / "work").glob("*/checkpoints/**/step-*.safetensors"))


def workers(title: str = "ray::pretrain") -> list[Any]:
    """The processes that work on a pretraining, by how Ray calls them."""
    import psutil  # type: ignore[import-untyped]  # it has no types

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline() and process.cmdline()[0].startswith(title):
                found.append(process)
    return found


def whole(store: Store) -> bool:
    """Whether nothing is damaged and nobody holds a lock."""
    return store.verify() == [] and list((store.root / "work").glob("*.lock")) == []


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard: a shell lets what it starts in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class TestOnACluster:
    """Two nodes; each test leaves them as they were."""

    pytestmark = cluster_test

    @pytest.mark.parametrize("kind", ["folder", "url"])
    def test_rows_are_those_of_inline(self, cluster: Any, tmp_path: Path, kind: str) -> None:
        study = Study.of(STUDY)
        place = str(tmp_path / "there") if kind == "folder" else f"file://{tmp_path}/there"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TOMBOLA_CACHE", str(tmp_path / "cache"))  # the nodes have theirs
            store = Store.at(place)
            heard = Heard()
            result = run(study, store, "ray", reporter=heard)
            assert (result.exit_code, len(result.outcome.made), heard.notes) == (0, 14, [])
            assert rows(result, tmp_path) == rows(run(study, Store(tmp_path / "here")), tmp_path)
            again = run(study, Store.at(place), "ray")
            assert (again.outcome.made, again.rows) == ([], result.rows)
        assert store.verify() == []

    def test_a_failure_takes_its_descendants_with_it_and_no_other(self, cluster: Any, tmp_path: Path) -> None:
        bad, good = Toy(text="bad", wrong=True), Telling(text="good")
        child, other = Toy(text="x", source=bad), Toy(text="z", source=good)
        grandchild = Toy(text="y", source=child)
        dying = Dying(text="d")
        orphan = Toy(text="o", source=dying)
        heard = Heard()
        outcome = Runner.parse({"name": "ray", "retries": 1}).run(
            graph(bad, child, grandchild, good, other, dying, orphan), Store(tmp_path), device="cpu", reporter=heard
        )
        assert set(outcome.made) == {good.key, other.key}
        assert set(outcome.left_out) == {child.key, grandchild.key, orphan.key}
        assert set(outcome.failed) == {bad.key, dying.key}
        assert outcome.failed[bad.key].message == "ValueError: bad went wrong"
        assert "Traceback" in Path(outcome.failed[bad.key].report).read_text()
        assert "died more often than it may be retried" in outcome.failed[dying.key].message
        assert heard.notes == ["good is worked on"]

    def test_a_worker_killed_in_the_middle_changes_no_row(self, cluster: Any, tmp_path: Path, alone: bytes) -> None:
        store, heard, killed = Store(tmp_path / "store"), Heard(), []

        def kill() -> None:
            process = workers()[0]
            process.kill()
            killed.append(process.pid)

        watch = when(lambda: training(store) and bool(workers()), kill)
        result = run(LONG, store, "ray", reporter=heard)
        watch.join()
        assert (len(killed), result.exit_code) == (1, 0)
        assert rows(result, tmp_path) == alone
        assert any(note.startswith("continues at step") for note in heard.notes)
        assert whole(store)

    def test_a_node_that_goes_changes_no_row(self, cluster: Any, tmp_path: Path, alone: bytes) -> None:
        store, node = Store(tmp_path / "store"), next(iter(cluster.worker_nodes))
        gone: list[Any] = []

        def remove() -> None:
            cluster.remove_node(node, allow_graceful=False)
            gone.append(node)

        watch = when(lambda: training(store) and len(workers()) == 2, remove)
        try:
            result = run(LONG, store, "ray")
            watch.join()
        finally:
            cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
        assert (len(gone), result.exit_code) == (1, 0)
        assert rows(result, tmp_path) == alone
        assert whole(store)

    @pytest.mark.usefixtures("heard")
    def test_an_interruption_leaves_the_store_whole(self, cluster: Any, tmp_path: Path, alone: bytes) -> None:
        store = Store(tmp_path / "store")
        watch = when(lambda: training(store) and bool(workers()), lambda: os.kill(os.getpid(), signal.SIGINT))
        result = run(LONG, store, "ray")
        watch.join()
        assert (result.outcome.interrupted, result.exit_code) == (True, 3)
        assert len(result.outcome.made) < len(Plan.of(LONG).stages)
        assert whole(store)
        heard = Heard()
        again = run(LONG, store, "ray", reporter=heard)
        assert (again.exit_code, rows(again, tmp_path)) == (0, alone)
        assert any(note.startswith("continues at step") for note in heard.notes)
        assert whole(store)

    def test_two_processes_of_ray_train_give_the_rows_of_one(self, cluster: Any, tmp_path: Path) -> None:
        store, heard = Store(tmp_path / "store"), Heard()
        result = run(SHARED, store, "ray", reporter=heard)
        assert (result.exit_code, result.outcome.failed) == (0, {})
        assert rows(result, tmp_path) == rows(run(SHARED, Store(tmp_path / "here")), tmp_path)
        assert whole(store)

    def test_a_failure_of_a_stage_worked_by_several_is_told_once(self, cluster: Any, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        result = run(SHARED.override(["pretrain.optimizer.lr=1e30"]), store, "ray")
        (failure,) = result.outcome.failed.values()
        assert failure.title.startswith("pretrain natural")
        assert "became" in failure.message  # infinite, or NaN
        assert "Traceback" in Path(failure.report).read_text()
        assert (len(result.outcome.left_out), result.exit_code) == (3, 1)
        assert whole(store)

    def test_one_of_several_processes_killed_in_the_middle_changes_no_row(self, cluster: Any, tmp_path: Path) -> None:
        study = SHARED.override(["pretrain.epochs=400it", "pretrain.checkpoint_every=5it"])
        store, heard, killed = Store(tmp_path / "store"), Heard(), []

        def kill() -> None:
            process = workers("ray::RayTrainWorker")[0]
            process.kill()
            killed.append(process.pid)

        watch = when(lambda: training(store) and bool(workers("ray::RayTrainWorker")), kill)
        result = run(study, store, "ray", reporter=heard)
        watch.join()
        assert (len(killed), result.exit_code) == (1, 0)
        assert rows(result, tmp_path) == rows(run(study, Store(tmp_path / "here")), tmp_path)
        assert any(note.startswith("continues at step") for note in heard.notes)
        assert whole(store)

    @pytest.mark.usefixtures("heard")
    def test_an_interruption_ends_all_processes_of_a_stage(self, cluster: Any, tmp_path: Path) -> None:
        study = SHARED.override(["pretrain.epochs=400it", "pretrain.checkpoint_every=5it"])
        store, title = Store(tmp_path / "store"), "ray::RayTrainWorker"
        watch = when(lambda: training(store) and bool(workers(title)), lambda: os.kill(os.getpid(), signal.SIGINT))
        result = run(study, store, "ray")
        watch.join()
        assert (result.outcome.interrupted, result.outcome.made) == (True, [])
        end = time.monotonic() + 60
        while workers(title) and time.monotonic() < end:
            time.sleep(0.1)
        assert workers(title) == []
        heard = Heard()
        again = run(study, store, "inline", reporter=heard)  # one process goes on from what two left
        assert rows(again, tmp_path) == rows(run(study, Store(tmp_path / "here")), tmp_path)
        assert any(note.startswith("continues at step") for note in heard.notes)
        assert whole(store)

    def test_a_node_without_the_store_says_so(
        self, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = Store(tmp_path / "store")
        monkeypatch.setattr(Store, "place", str(tmp_path / "elsewhere"))
        with pytest.raises(StoreError, match="does not see the store"):
            run(Study.of(STUDY), store, "ray")
