"""Agreement by eye, and a study that adapts the dense network once for all its tickets."""

from pathlib import Path

import pytest
import torch
from tests.study.toys import STUDY

from tombola import verbs
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.outcomes import Outcomes
from tombola.properties._base import Property
from tombola.properties.agreement import Agreement
from tombola.study.measuring import PairStage
from tombola.study.plan import Plan
from tombola.study.run import run
from tombola.study.stages import DenseTransferStage
from tombola.study.store import Store
from tombola.study.study import Study

from .toy_task import ToyTask, brightness_net


def darker(level: float) -> Network:
    """Tells bright from dark at another level of the 26, 0 to 250: image i is gray of brightness 10 * i."""
    net = brightness_net()
    with torch.no_grad():
        net.head.bias.copy_(torch.tensor([level, -level]) / 255)  # type: ignore[operator]  # a Linear
    return net


def test_what_two_networks_tell_alike_and_where_one_newly_errs() -> None:
    """At 105 the ticket tells images 11 and 12 bright, which are dark; both err on image 0."""
    found = Agreement().compare(darker(105), darker(127.5), ToyTask(), seed=0, session=Session())
    values = {one.metric: one.value for one in found}
    assert values == pytest.approx({"agreement": 100 * 24 / 26, "negative_flips": 100 * 2 / 26, "positive_flips": 0})
    back = Agreement().compare(darker(127.5), darker(105), ToyTask(), seed=0, session=Session())
    assert [one.value for one in back[1:]] == pytest.approx([0, 100 * 2 / 26])
    alike = Outcomes.parse(found[0].outcomes).table()
    assert [place for place, same in enumerate(alike) if not same] == [11, 12]


def test_a_verb_gives_rows_and_one_network_alone_is_refused() -> None:
    rows = verbs.compare(darker(105), brightness_net(), ToyTask(), "agreement", seed=3)
    assert (rows[0].property, rows[0].metric, rows[0].seed) == ("agreement", "agreement", 3)
    with pytest.raises(RequestError, match=r"write: tombola measure x\.ticket --dense y\.ticket"):
        verbs.measure(darker(105), ToyTask(), "agreement")
    with pytest.raises(RequestError, match="accuracy looks at one network"):
        verbs.compare(darker(105), darker(1), ToyTask(), [Property.parse("accuracy")])  # type: ignore[list-item]


PAIRED = {**STUDY, "pretrain": None, "measure": ["accuracy", "agreement"], "axes": {"draw.sparsity": [0.0, 0.5, 0.8]}}


def test_a_study_adapts_the_dense_network_once() -> None:
    stages = Plan.of(Study.of(PAIRED)).stages.values()
    assert sum(isinstance(stage, PairStage) for stage in stages) == 3
    assert sum(isinstance(stage, DenseTransferStage) for stage in stages) == 1
    seeds = Plan.of(Study.of({**PAIRED, "axes": {**PAIRED["axes"], "seed": [0, 1]}})).stages.values()
    assert sum(isinstance(stage, DenseTransferStage) for stage in seeds) == 2


@pytest.mark.slow
def test_a_ticket_that_prunes_nothing_agrees_with_the_dense_network_everywhere(tmp_path: Path) -> None:
    result = run(Study.of(PAIRED), Store(tmp_path))
    assert result.exit_code == 0
    by_sparsity = {row.cell["draw.sparsity"]: row.value for row in result.rows if row.metric == "agreement"}
    assert by_sparsity[0.0] == 100
    assert len(by_sparsity) == 3
