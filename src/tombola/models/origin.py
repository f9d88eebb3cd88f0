"""`Origin`: where a network's weights come from, as one value that lineages, files and exports hold. No torch."""

from typing import Any, Final, Self

from tombola.models.kinds._base import kind_of
from tombola.spec import Json, Spec, option

MODULE: Final = "module:"
"""Begins the name of a net that a program brought itself: no text builds it again."""

_OF_FILES: Final = ("name", "arch", "rename")


class Origin(Spec):
    """What `Source` builds the same net from and finds its weights by; which seed, and whether they were trained since.

    >>> str(Origin(source={"name": "resnet8", "width": 0.5}, seed=1, trained=True))
    'resnet8 (random, seed 1), trained here'
    """

    source: dict[str, Any] = option(help="every option of the model that is not as it is by default, by name")
    seed: int | None = option(None, "what random weights were drawn from; none where a file or a release gave them")
    trained: bool = option(default=False, help="whether they were trained since, and saved under no name")
    sha256: str = option("", "of the file the weights are from; empty where there is none")

    @classmethod
    def unnamed(cls, text: str) -> Self:
        """Of a net that no name builds, called ``text``."""
        return cls(source={"name": f"{MODULE}{text}"})

    @property
    def name(self) -> str:
        """The model's name, weights included: ``torchvision:resnet18@IMAGENET1K_V1``, ``path:net.safetensors``."""
        return str(self.source.get("name", ""))

    @property
    def can_be_built(self) -> bool:
        """Whether a name builds the net."""
        return not self.name.startswith(MODULE)

    @property
    def bare(self) -> str:
        """The net's name without weights; empty for one that no name builds."""
        if not self.can_be_built:
            return ""
        return without_weights(self.name, self.source.get("arch"))

    @property
    def net(self) -> dict[str, Json]:
        """The options that build the net with weights of no meaning: every one but those that say where weights are."""
        shape = {name: value for name, value in self.source.items() if name not in _OF_FILES}
        return {"name": self.bare, **shape}

    def shaped(self, **options: Json) -> Self:
        """The same origin, the net having these options too."""
        return self.replace(source={**self.source, **options})

    def __str__(self) -> str:
        text = self.name.removeprefix(MODULE)
        if text.startswith("path:"):
            text += f" ({self.bare}, sha256 {self.sha256[:12]})"
        elif self.seed is not None:
            text += f" (random, seed {self.seed})"
        return f"{text}, trained here" if self.trained else text


def without_weights(name: str, arch: str | None = None) -> str:
    """``torchvision:resnet18`` of ``torchvision:resnet18@IMAGENET1K_V1``; of a file the net it is said to be of.

    >>> without_weights("robust:resnet18-l2-eps3"), without_weights("path:x.pt", "resnet20")
    ('torchvision:resnet18', 'resnet20')
    """
    kind, net = kind_of(name)
    return kind.bare(net) or arch or ""
