"""What `bench --calibrate` keeps: a fit that finds the machine times come from, and a file of this processor's."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tombola.errors import RequestError
from tombola.machine import processor_kind
from tombola.native import calibration
from tombola.native.calibrated_fit import Sample, errors, fit
from tombola.native.calibrating import calibrate, measured, probes
from tombola.native.calibration import Calibration, coefficients, found, place
from tombola.native.calibration_net import Probe, probe_program, probes_of, ways
from tombola.native.choosing import Machine, here, machine_for, seconds, shipped
from tombola.native.expected import OTHERS, expected
from tombola.native.targets import vector

HERE = shipped(vector("native"))
"""What is known of this machine before anything is measured."""
SMALL = [Probe(8, 8, 14), Probe(8, 16, 14, stripe=4, kept=0.3), Probe(16, 8, 7, kept=0.1), Probe(8, 8, 14, kernel=1)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path))
    return tmp_path


def known(**changes: object) -> Calibration:
    machine = replace(HERE, nanoseconds=0.5)
    values = {
        "processor": processor_kind(),
        "threads": 1,
        "coefficients": asdict(machine),
        "others": {"linear": 1.0, "plain": 2.0},
        "error": 0.07,
        "fitted": 3,
        "held_out": 2,
        "seconds": 1.5,
        "kernels": calibration.kernels(),
    }
    return Calibration(**{**values, **changes})  # type: ignore[arg-type]  # values of its fields


def samples(machine: Machine, given: list[Probe]) -> list[Sample]:
    found = []
    for step in probes_of(probe_program(given)):
        for choice, lists in ways(step, 4, 8):
            op, (inp, out) = step.op, (step.reads[0].layout, step.writes.layout)
            found.append(Sample(step, choice, lists, seconds(op, inp, out, choice, machine)))  # type: ignore[arg-type]
    return found


@pytest.mark.slow
def test_times_that_follow_the_model_are_fitted() -> None:
    true = replace(HERE, nanoseconds=0.9, call=90.0, survivor=2.0)
    given = samples(true, SMALL)
    start = HERE
    assert max(errors(start, given)) > 0.5
    assert sorted(errors(fit(given), given))[len(given) // 2] < 0.02


def test_what_was_shipped_stays_where_times_say_so() -> None:
    machine = fit(samples(HERE, SMALL))
    assert machine.nanoseconds == pytest.approx(HERE.nanoseconds, rel=0.01)
    assert machine.first_cache == HERE.first_cache


def test_nothing_is_known_before_and_the_shipped_numbers_hold() -> None:
    assert found() is None
    assert coefficients() is None
    assert here() == HERE


def test_a_net_for_other_vectors_is_chosen_by_a_machine_that_has_them() -> None:
    assert [machine_for(target).floats for target in ("avx512", "avx2")] == [16, 8]
    known().save()
    assert machine_for("native") == here() != HERE
    assert shipped(vector("avx512")) != shipped(vector("avx2"))


def test_what_was_measured_is_found_again_and_used(cache: Path) -> None:
    path = known().save()
    assert path.parent == cache / "native"
    assert found() == known()
    assert here().nanoseconds == 0.5
    assert not list(path.parent.glob("*.json.*")), "nothing half written is left"


def test_other_kernels_and_other_threads_are_not_its_business() -> None:
    known(kernels="of another time").save()
    assert found() is None
    known().save()
    assert found(threads=2) is None


def test_a_file_that_is_none_says_what_to_type() -> None:
    place(1).parent.mkdir(parents=True)
    place(1).write_text("{}")
    calibration._found.cache_clear()
    with pytest.raises(RequestError, match=r"is no calibration.*run: tombola bench --calibrate"):
        found()


def test_the_file_is_in_the_cache_folder_and_named_after_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "processor_kind", lambda: "Some CPU(R) @ 3 GHz (6.1.2)")
    assert place(2).name == "Some-CPU-R-3-GHz-6.1.2-threads-2.json"
    monkeypatch.delenv("TOMBOLA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert place(1).parent == Path("/somewhere/tombola/native")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert place(1).parent == Path("~/.cache/tombola/native").expanduser()


def test_steps_are_expected_by_what_is_known() -> None:
    program = probe_program(SMALL)
    steps = {step.name: step for step in program.steps}
    one = expected(steps["dense"])
    assert one == pytest.approx(1e-9 * OTHERS["linear"] * 4 * steps["dense"].op.weight.numel())  # type: ignore[union-attr]
    assert expected(steps["dense"], threads=2) == one / 2
    conv = expected(steps[SMALL[0].name])
    known().save()
    assert expected(steps["dense"]) == pytest.approx(one / OTHERS["linear"])
    assert expected(steps[SMALL[0].name]) == pytest.approx(conv * 0.5 / HERE.nanoseconds)


def test_fewer_survivors_are_never_expected_to_take_longer() -> None:
    parts = [0.05, 0.1, 0.2, 0.4]
    steps = probes_of(probe_program([Probe(32, 32, 14, kept=part) for part in parts]))
    times = [expected(step) for step in steps]
    assert times == sorted(times)


def test_what_is_measured_and_what_is_judged_are_different_layers() -> None:
    given, held_out = probes()
    assert not {item.name for item in given} & {item.name for item in held_out}
    assert not {item.inputs for item in held_out if item.kernel == 3 and item.stride == 1} & {
        item.inputs for item in given
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_real_layers_are_timed_each_way_once() -> None:
    given = SMALL[1:3]
    times, others = measured(given, 1, best=1, others=1)
    assert [item.step.name for item in times] == 2 * [item.name for item in given]
    assert len({(item.step.name, item.choice) for item in times}) == len(times)
    assert all(0 < item.seconds < 0.1 for item in times)
    assert set(others) == {"linear", "plain"} < set(OTHERS)
    assert min(others.values()) > 0


def test_no_compiler_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RequestError, match="no C compiler"):
        calibrate()


def test_it_is_plain_json() -> None:
    assert Calibration.load(known().save()) == known()
    assert json.loads(place(1).read_text())["threads"] == 1
