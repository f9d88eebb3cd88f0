"""What tasks on one set of images share: how the set is written, and when its files are looked for."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import model_validator

from tombola.data._base import Dataset
from tombola.errors import ModelError
from tombola.models.network import Network
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tasks._data import parted_as, with_data_options


class OfData(Task):
    """A task whose data are one set, its options beside the task's own."""

    ARGUMENT: ClassVar[str | None] = "data"

    data: Dataset = option(help="the data set: a name, name:argument, or a mapping with its options")

    @model_validator(mode="before")
    @classmethod
    def _data_options(cls, values: Any) -> Any:
        return with_data_options(values, cls)

    def parted_as(self, theirs: Mapping[str, Any]) -> Self:
        return self.replace(data=parted_as(self.data, theirs))

    def check_net(self, model: Network) -> None:
        if model.normalise.READS != "images":
            raise ModelError(
                f"{model.source} reads {model.normalise.READS}, and {self.data.name} holds images; write a model of"
                " images, such as torchvision:resnet18, or a task of texts"
            )

    def check(self) -> None:
        if not self.data.MADE_HERE:
            self.splits()
