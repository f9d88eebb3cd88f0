"""`Teacher`: which network teaches another one, by name or by file, and that network made ready for a task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import PrivateAttr, field_validator, model_validator
from torch import nn

from tombola.errors import ModelError, RequestError
from tombola.models.classes import in_order_of
from tombola.models.digest import weights_digest
from tombola.models.network import Network, num_outputs
from tombola.models.segmenting import outputs_in
from tombola.models.source import Source
from tombola.spec import Json, Spec, file_digest, option
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

DENSE = "dense"
"""The text for the network that nothing is pruned of, adapted as the pruned one is."""


class Teacher(Spec):
    """A model, a self-contained ``.ticket``, or, where neither is named, the dense network of the same transfer.

    A plain string will do: ``dense``, ``path:net.safetensors``, ``adapted.ticket``. Files count by their content.
    """

    model: Source | None = option(None, "a model by its name, or a mapping of its options")
    ticket: Path | None = option(None, "a self-contained ticket, adapted to the task", identity=False)
    sha256: str = option("", "of the file; empty: as it is now")
    _network: Network | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "name" in value:
            value = {"model": value}
        if isinstance(value, str):
            name = "ticket" if value.endswith(".ticket") else "model"
            value = {} if value == DENSE else {name: value}
        return {**value, "sha256": _digest_of(value)} if isinstance(value, Mapping) else value

    @field_validator("model", mode="before")
    @classmethod
    def _a_model(cls, value: object) -> object:
        return None if value is None else Source.parse(value)

    @classmethod
    def of(cls, network: Network) -> Self:
        """A network that is there already; its weights are its identity."""
        found = cls()
        found._network = network
        return found

    @property
    def dense(self) -> bool:
        """Whether it is the dense network of the same transfer, which is not there yet."""
        return self.model is None and self.ticket is None and self._network is None

    def identity(self) -> dict[str, Json]:
        return super().identity() if self._network is None else {"content": weights_digest(self._network)}

    def load(self) -> Network:
        """The network named, on the CPU; raises `RequestError` where it knows nothing, or is not what it was."""
        if self._network is not None:
            return self._network
        if self.dense:
            raise RequestError(
                "teacher=dense is the dense network that a transfer adapts first, and here nothing is transferred;"
                " name a teacher: path:FILE, a .ticket file or a model"
            )
        if self.sha256 != _digest_of({"model": self.model, "ticket": self.ticket}):
            raise RequestError(f"the teacher {self.ticket or self.model} is another file than when it was asked for")
        network = of_ticket(self.ticket) if self.ticket is not None else self._loaded()
        if network.origin.seed is not None and not network.origin.trained:
            raise RequestError(f"the teacher {network.source} was never trained; write path:FILE, or a .ticket file")
        return network

    def _loaded(self) -> Network:
        assert self.model is not None
        return self.model.load()


def _digest_of(value: Mapping[str, Any]) -> str:
    """Of the file named, given or not; empty where none is."""
    if given := value.get("sha256"):
        return str(given)
    model, ticket = value.get("model"), value.get("ticket")
    file = Path(ticket).expanduser() if ticket else None if model is None else Source.parse(model).file
    if file is None:
        return ""
    try:
        return file_digest(file)
    except OSError as error:
        raise ModelError(
            f"teacher: {file} cannot be read ({error.strerror}); write dense, path:FILE, a .ticket file or a model"
        ) from None


def of_ticket(file: Path) -> Network:
    """The network that a self-contained ticket is; a shrunk one fits no net that a name builds and is refused."""
    ticket = Ticket.load(file)
    if ticket.weights is None:
        raise RequestError(
            f"the teacher {file} is mask-only and answers nothing; adapt it first:"
            f" tombola transfer {file} --task ... -o adapted.ticket"
        )
    origin = ticket.lineage.dense
    if origin is None or not origin.can_be_built:
        raise RequestError(f"the teacher {file} is of a net that no name builds; write teacher=path:FILE with its net")
    network = Source.parse(origin.net).load()
    outputs = outputs_in(ticket.weights, network.head_name, network.head_kind)
    if outputs not in (None, num_outputs(network.head)):
        network = Source.parse(origin.net).load(num_classes=outputs)
    ticket.apply(network.body)
    network.origin, network.adapted = origin.replace(trained=True), ticket.lineage.answers
    return network


def ready(network: Network, task: Task) -> Network:
    """The network in the task's own order of classes; raises `ModelError` where it cannot answer the task."""
    task.check_net(network)
    size = None if network.adapted is None else network.adapted.preprocessing.size
    if size is not None and task.side is not None and size != task.side:
        raise ModelError(
            f"the teacher was adapted to images of {size} pixels, and the task shows {task.side};"
            f" write task.size={size}, or name a teacher of that size"
        )
    if classes := task.splits().classes:
        network = in_order_of(network, classes)
    if (found := num_outputs(network.head)) != task.answers.outputs:
        raise ModelError(
            f"the teacher {network.source} tells {found} classes, and the task asks for {task.answers.outputs};"
            " name a network that was adapted to this task"
        )
    return network


def placed(network: Network, beside: nn.Module) -> Network:
    """A copy in eval mode that nothing trains, on the device of ``beside``, as it lies there fastest."""
    own = network.copy().eval().requires_grad_(requires_grad=False)
    device = next((parameter.device for parameter in beside.parameters()), torch.device("cpu"))
    own.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    return own
