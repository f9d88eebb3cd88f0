"""`Trained`: all that moves while a network is trained: its state, the optimizer's, the changes', the best so far."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from tombola.errors import Diverged
from tombola.fitting import state
from tombola.fitting.changes._base import Changing

_SCORE = "best/"
"""Where the best state's score stands: no tensor of a network has an empty name."""


class Trained:
    """A network with its optimizer, and what is kept of it."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        changes: Sequence[Changing],
        device: torch.device,
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self._changes = changes
        self.best: dict[str, Tensor] = {}
        self.score: float | None = None  # of the best
        self.parameters = state.trained(optimizer)
        self._device = device

    def result(self) -> dict[str, Tensor]:
        """The state to keep: the best validated, else a change's, such as an average, else the last."""
        return self.best or self._candidate()

    def judge(self, validate: Callable[[nn.Module], float]) -> float:
        """The score of what would be kept now: the average where there is one. Nothing is changed."""
        if (other := self._other()) is None:
            return validate(self.network)
        trained = state.copied(self.network.state_dict())
        state.load(self.network, other)
        try:
            return validate(self.network)
        finally:
            state.load(self.network, trained)

    def take(self, score: float) -> None:
        """Keep what was judged, if it is the best so far."""
        if self.score is None or score > self.score:
            self.score = score
            self.best = state.copied(self._candidate())

    def forget(self) -> None:
        """What was chosen is of another network, or of other masks."""
        self.score, self.best = None, {}

    @torch.no_grad()
    def begin_anew(self, places: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
        """Nothing is left of what was at these places of the body's tensors: momenta are 0.

        Weights are what ``values`` has at these places, 0 where it says nothing.
        """
        for name, at in places.items():
            parameter = self.network.get_parameter(f"body.{name}")
            there = at.to(parameter.device)
            for value in (parameter, *self.optimizer.state.get(parameter, {}).values()):
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    value.masked_fill_(there, 0.0)
            if name in values:
                parameter.add_(values[name].to(parameter.device) * there)

    def require_finite(self, step: int) -> None:
        """A finite loss may still leave weights that are not: such a state is never kept."""
        norms = torch.stack(torch._foreach_norm([p.detach() for p in self.parameters]))
        if not bool(torch.isfinite(norms).all()):
            raise Diverged(f"the weights became infinite or NaN by step {step}")

    def tensors(self) -> dict[str, Tensor]:
        """All of it, by names; not copied."""
        optimizer = state.optimizer_state(self.optimizer)
        parts = {"model": self.network.state_dict(), "optimizer": optimizer, "best": self.best}
        parts |= {f"changes/{place}": change.tensors() for place, change in enumerate(self._changes)}
        found = {name: tensor for folder, part in parts.items() for name, tensor in state.filed(part, folder).items()}
        return {**found, _SCORE: torch.tensor([] if self.score is None else [self.score], dtype=torch.float64)}

    def put_in(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `tensors`; what the optimizer has no momentum for begins anew."""
        state.load(self.network, state.under(tensors, "model"))
        best = state.under({name: tensor for name, tensor in tensors.items() if name != _SCORE}, "best")
        self.best = {name: tensor.to(self._device) for name, tensor in best.items()}
        self.score = tensors[_SCORE].item() if len(tensors[_SCORE]) else None
        for place, change in enumerate(self._changes):
            change.restore(state.under(tensors, f"changes/{place}"))
        state.restore_optimizer(self.optimizer, state.under(tensors, "optimizer"))

    def _candidate(self) -> dict[str, Tensor]:
        other = self._other()
        return self.network.state_dict() if other is None else other

    def _other(self) -> dict[str, Tensor] | None:
        """What a change would keep in place of the network's own state."""
        return next((found for change in self._changes if (found := change.candidate()) is not None), None)
