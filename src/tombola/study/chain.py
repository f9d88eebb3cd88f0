"""An experiment as stages: its measurements, and all that they are made from hanging on them as inputs."""

from typing import Final

from tombola.properties._base import DenseProperty, PairProperty, Property, TicketProperty
from tombola.study.experiment import Experiment
from tombola.study.measuring import DenseStage, InspectStage, MeasureStage, PairStage
from tombola.study.stage import Stage
from tombola.study.stages import DenseTransferStage, DrawStage, PretrainStage, TransferStage, draw_stage

STAGES: Final = tuple(stage.STAGE for stage in (PretrainStage, DrawStage, TransferStage, MeasureStage))
"""The kinds of stages, in the order in which they lead to each other."""


def stages_of(experiment: Experiment) -> list[Stage]:
    """The stages that an experiment ends in, one a property."""
    trained = experiment.pretrain is not None
    prior = PretrainStage(
        model=experiment.prior,
        task=experiment.source if trained else None,
        fit=experiment.pretrain,
        seed=_pretrain_seed(experiment),
    )
    drawn = draw_stage(prior, experiment.draw, experiment.draw_task, experiment.seed)
    return [_measured(experiment, prior, drawn, item) for item in experiment.measure]


def _measured(experiment: Experiment, prior: PretrainStage, drawn: DrawStage, item: Property) -> Stage:
    task, how, seed = experiment.target, experiment.transfer, experiment.seed
    if isinstance(item, TicketProperty):
        return InspectStage(prior=prior, drawn=drawn, measured=item, seed=seed)
    if isinstance(item, DenseProperty):
        return DenseStage(prior=prior, task=task, measured=item, seed=seed)
    finished = TransferStage(prior=prior, drawn=drawn, task=task, transfer=how, seed=seed)
    if isinstance(item, PairProperty):
        dense = DenseTransferStage(prior=prior, task=task, transfer=how, seed=seed)
        return PairStage(finished=finished, dense=dense, task=task, measured=item, seed=seed)
    return MeasureStage(finished=finished, task=task, measured=item, seed=seed)


def _pretrain_seed(experiment: Experiment) -> int:
    if experiment.pretrain is None and experiment.model.name != experiment.model.bare:
        return 0  # weights as published: nothing is random, so all seeds share them
    return experiment.seed if experiment.pretrain_seed is None else experiment.pretrain_seed
