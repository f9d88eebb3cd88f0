"""An experiment as stages: those it ends in, and all that they are made from hanging on them as inputs."""

from typing import Final

from tombola.benching.machine import processor
from tombola.properties._base import DenseProperty, PairProperty, Property, TicketProperty
from tombola.properties._reference import OtherPrior, Referring
from tombola.study.experiment import Experiment
from tombola.study.measuring import BesideStage, DenseStage, InspectStage, MeasureStage, PairStage
from tombola.study.shipping import BenchStage, ExportStage
from tombola.study.stage import Stage
from tombola.study.stages import DenseTransferStage, DrawStage, PretrainStage, TransferStage, draw_stage
from tombola.study.timing import Timing

STAGES: Final = tuple(
    stage.STAGE for stage in (PretrainStage, DrawStage, TransferStage, MeasureStage, ExportStage, BenchStage)
)
"""The kinds of stages, in the order in which they lead to each other."""
ALWAYS: Final = STAGES[:4]
"""Those that every study is told to have, if none of them."""


def stages_of(experiment: Experiment) -> list[Stage]:
    """The stages that an experiment ends in: one a property, one an exporter, one of times."""
    prior = _prior(experiment)
    drawn = draw_stage(prior, experiment.draw, experiment.draw_task, experiment.seed)
    task, how, seed = experiment.target, experiment.transfer, experiment.seed
    teacher = None if how.untaught() is None else DenseTransferStage.beside(prior, task, how, seed)
    finished = TransferStage(prior=prior, drawn=drawn, dense=teacher, task=task, transfer=how, seed=seed)
    return [
        *(_measured(finished, item, experiment) for item in experiment.measure),
        *(ExportStage(finished=finished, exporter=item) for item in experiment.export),
        *(_timed(finished, timing) for timing in (experiment.bench,) if timing is not None),
    ]


def _timed(finished: TransferStage, timing: Timing) -> BenchStage:
    return BenchStage(finished=finished, timing=timing, machine=processor(), versions=timing.versions())


def _measured(finished: TransferStage, item: Property, experiment: Experiment) -> Stage:
    prior, task, seed = finished.prior, finished.task, finished.seed
    if isinstance(item, Referring) and (elsewhere := item.reference.prior) is not None:
        other = _drawn_from(experiment, elsewhere)
        return BesideStage(prior=prior, drawn=finished.drawn, other=other, measured=item, seed=seed)
    if isinstance(item, TicketProperty):
        return InspectStage(prior=prior, drawn=finished.drawn, measured=item, seed=seed)
    if isinstance(item, DenseProperty):
        return DenseStage(prior=prior, task=task, measured=item, seed=seed)
    if isinstance(item, PairProperty):
        dense = DenseTransferStage.beside(prior, task, finished.transfer, seed)
        return PairStage(finished=finished, dense=dense, task=task, measured=item, seed=seed)
    return MeasureStage(finished=finished, task=task, measured=item, seed=seed)


def _prior(experiment: Experiment) -> PretrainStage:
    trained = experiment.pretrain is not None
    return PretrainStage(
        model=experiment.prior,
        task=experiment.source if trained else None,
        fit=experiment.pretrain,
        seed=_pretrain_seed(experiment),
    )


def _drawn_from(experiment: Experiment, prior: OtherPrior) -> DrawStage:
    """The ticket that the experiment's scheme draws from another prior."""
    seed = experiment.seed if prior.seed is None else prior.seed
    given = {name: getattr(prior, name) for name in ("model", "source", "pretrain", "pretrain_seed")}
    drawn = experiment.draw.replace(**prior.draw) if prior.draw else experiment.draw
    other = experiment.replace(**given, seed=seed, draw=drawn, measure=("density",))
    return draw_stage(_prior(other), other.draw, other.draw_task, seed)


def _pretrain_seed(experiment: Experiment) -> int:
    if experiment.pretrain is None and experiment.model.name != experiment.model.bare:
        return 0  # weights as published: nothing is random, so all seeds share them
    return experiment.seed if experiment.pretrain_seed is None else experiment.pretrain_seed
