"""The scheme `latency`: by numbers given it is pure; its key holds the processor where it is not; errors tell."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

import tombola.schemes.latency.latency as module
from tombola.errors import MaskError, OptionError, RequestError
from tombola.fitting.session import Session, Silent
from tombola.machine import processor_kind
from tombola.models.network import Network
from tombola.schemes._base import Scheme
from tombola.schemes.latency import timed
from tombola.schemes.latency.latency import Latency
from tombola.tickets.ticket import Ticket

COSTS = {r"^0\.": [0.1, 1.0, 1.0], r"^2\.": 4.0}


def toy(seed: int = 0) -> Network:
    torch.manual_seed(seed)
    convolutions = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1)
    return Network(nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4)), source="toy")


def drawn(model: Network | None = None, /, **options: object) -> Ticket:
    how = Scheme.parse({"name": "latency", "costs": COSTS, "rest": 0.5, "latency": 0.5, **options})
    (ticket,) = how.draw(model or toy(), None, seed=0, session=Session())
    return ticket


def test_costs_by_hand_are_met_and_nothing_is_measured() -> None:
    ticket = drawn()
    kept = {name: part / total for name, (part, total) in ticket.masks.counts().items()}
    taken = 0.5 + min(1.0, 0.1 + 1.8 * kept["0.weight"]) + 4 * kept["2.weight"]
    assert taken == pytest.approx(5.5 / 2, rel=0.01)
    assert taken <= 5.5 / 2 + 1e-9
    assert ticket.lineage.extra["latency"]["measured_ms"] is None
    assert ticket.lineage.extra["latency"]["predicted_ms"] == pytest.approx(taken)
    assert ticket.lineage.extra["latency"]["target_ms"] == 2.75
    assert ticket.lineage.sparsity is None


@pytest.mark.parametrize("pattern", ["stripe:4", "kernel", "channel"])
def test_every_pattern_of_groups_can_be_drawn_to_a_latency(pattern: str) -> None:
    ticket = drawn(pattern=pattern, latency="3ms")
    assert ticket.lineage.extra["latency"]["predicted_ms"] == pytest.approx(3, rel=0.2)
    assert ticket.lineage.extra["latency"]["predicted_ms"] <= 3


def test_the_lineage_draws_the_same_ticket_again() -> None:
    first = drawn(latency=0.4)
    known = first.lineage.extra["latency"]
    again = drawn(latency=f"{known['target_ms']!r}ms", costs=known["costs"], rest=known["rest"])
    assert again.masks == first.masks


def test_the_model_is_not_changed_and_the_same_draw_is_the_same_ticket() -> None:
    model = toy()
    before = {name: value.clone() for name, value in model.body.state_dict().items()}
    assert drawn(model).masks == drawn(model).masks
    assert all(torch.equal(before[name], value) for name, value in model.body.state_dict().items())


def test_with_costs_the_key_is_of_numbers_alone() -> None:
    how = Latency(latency=0.5, costs=COSTS)
    assert (how.machine, how.verify) == ("", False)
    assert Scheme.parse(how.identity()).identity() == how.identity()


def test_without_costs_the_processor_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processor_kind", lambda: "CPU one")
    one = Latency(latency=0.5)
    assert (one.machine, one.verify) == ("CPU one", True)
    monkeypatch.setattr(module, "processor_kind", lambda: "CPU two")
    assert Latency(latency=0.5).digest() != one.digest()
    assert Scheme.parse(one.identity()).identity() == one.identity(), "a key that was made elsewhere stays"
    with pytest.raises(RequestError, match="for 'CPU one' and this machine is 'CPU two'; draw it there, or give costs"):
        list(one.draw(toy(), None, seed=0, session=Session()))


def test_one_latency_is_spelled_one_way() -> None:
    assert Latency(latency="0.50", costs=COSTS) == Latency(latency=0.5, costs=COSTS)
    assert Latency(latency="3.50 ms", costs=COSTS).latency == "3.5ms"
    assert Scheme.parse({"name": "latency:3.5ms", "costs": COSTS}) == Latency(latency="3.5ms", costs=COSTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latency": 1.5}, r"write latency=0\.5 for half of it, or latency=3\.5ms"),
        ({"pattern": "2:4"}, r"pattern nm fixes itself how much is kept; write element or stripe:4"),
        ({"score": "synflow"}, r"score synflow prunes in rounds.*write score\.rounds=1"),
        ({"verify": True}, r"measures this machine and costs are given by hand; leave one"),
        ({"costs": {"(": 1.0}}, "is not a regular expression"),
        ({"costs": {"conv": [1.0]}}, "two times or more are needed"),
        ({"costs": {"conv": -1.0}}, "greater than or equal to 0"),
    ],
)
def test_options_that_do_not_go_together_say_what_to_write(options: dict[str, object], message: str) -> None:
    with pytest.raises((OptionError, RequestError), match=message):
        drawn(None, **options)


def test_a_layer_without_a_cost_is_named() -> None:
    with pytest.raises(RequestError, match=r"costs: none is given for 2\.weight; write a pattern"):
        drawn(costs={r"^0\.": 1.0})
    with pytest.raises(MaskError, match=r"no prunable tensor has 'layer9' in its name"):
        drawn(costs={"layer9": 1.0})


def test_what_cannot_be_had_says_so() -> None:
    with pytest.raises(RequestError, match=r"latency=0\.05 is 0\.275 ms.*0\.5 ms are spent outside"):
        drawn(latency=0.05)


class Ear(Silent):
    """Remembers the notes."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def note(self, text: str) -> None:
        self.heard.append(text)


def test_it_tells_how_it_came_out() -> None:
    ear = Ear()
    how = Latency(latency=0.5, costs=COSTS, rest=0.5)
    list(how.draw(toy(), None, seed=0, session=Session(reporter=ear)))
    assert "dense 5.5 ms, asked 2.75 ms" in ear.heard[0]
    assert "lambda=" in ear.heard[1]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_on_this_machine_it_is_built_and_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path))
    monkeypatch.setattr(timed, "SECONDS", 0.1)
    how = Latency(latency=0.6, pattern="stripe:4", image=24, tolerance=0.9)
    (ticket,) = how.draw(toy(), None, seed=0, session=Session())
    known = ticket.lineage.extra["latency"]
    assert 0 < known["measured_ms"] < known["dense_ms"]
    assert known["target_ms"] == pytest.approx(0.6 * known["dense_ms"])
    assert 1 <= len(known["tries"]) <= 3
    assert known["machine"] == how.machine == processor_kind()
    assert 0 < ticket.masks.sparsity < 1
    assert set(known["costs"]) == {r"^0\.weight$", r"^2\.weight$"}


def test_by_the_model_alone_no_compiler_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    ear, how = Ear(), Latency(latency=0.6, image=24, verify=False)
    (ticket,) = how.draw(toy(), None, seed=0, session=Session(reporter=ear))
    assert "tombola bench --calibrate" in ear.heard[0]
    known = ticket.lineage.extra["latency"]
    assert known["measured_ms"] is None
    assert known["predicted_ms"] == pytest.approx(0.6 * known["dense_ms"], rel=0.02)


def test_no_compiler_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RequestError, match=r"no C compiler.*or write verify=false"):
        list(Latency(latency=0.5).draw(toy(), None, seed=0, session=Session()))
