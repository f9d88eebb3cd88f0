"""What a machine says of itself, from a Linux text given by hand and from none."""

from collections.abc import Iterator

import pytest

from tombola import machine

TEXT = "model name\t: Some CPU\ncpu family\t: 25\nmodel\t\t: 1\nstepping\t: 1\nflags\t\t: fpu avx2 fma\n"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(machine, "_cpuinfo", lambda: tuple(TEXT.splitlines()))
    machine.cpu_flags.cache_clear()
    yield
    machine.cpu_flags.cache_clear()


@pytest.mark.usefixtures("told")
def test_it_says_name_numbers_and_instructions() -> None:
    assert machine.processor() == "Some CPU"
    assert machine.processor_kind() == "Some CPU (25.1.1)"
    assert machine.instructions() == "avx2 fma"


def test_where_linux_says_nothing_there_is_a_name_and_no_instruction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_cpuinfo", lambda: ())
    machine.cpu_flags.cache_clear()
    assert machine.processor()
    assert machine.processor_kind() == machine.processor()
    assert machine.instructions() == ""
    machine.cpu_flags.cache_clear()
