"""The pre-activation ResNet-18 for 32x32 images that fast adversarial training is published with: `preactresnet18`.

What: a 3x3 stem, four stages of two blocks, 64 to 512 channels wide (times ``width``); in a block batch norm and ReLU
come before each convolution, and a 1x1 convolution of the block's own input is the shortcut where the shape changes;
then batch norm, ReLU, global average pooling, one linear layer. `preactresnet18_plain` has no batch norm and no ReLU
after the last block, as in the code's first version: RobustBench reads the paper's CIFAR-10 weights into such a net.
When: weights of fast adversarial training, and of the many who trained with its code. Nets whose shortcut convolution
looks at the input after batch norm and ReLU have the same tensor names and are other nets: measure what you load.
Cost: 11.2 million weights, 0.56 billion multiply-adds at 32x32.
Options: ``width``, a factor on the channels.
Reference: He et al., ECCV 2016, arXiv 1603.05027; Wong et al., ICLR 2020, arXiv 2001.03994.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tombola.models.resnet_cifar import he_normal


class PreActBlock(nn.Module):
    """Two 3x3 convolutions, each after batch norm and ReLU, and the shortcut added last."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        same = stride == 1 and inputs == outputs
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False))
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(F.relu(self.bn1(x)))
        out = self.conv2(F.relu(self.bn2(out)))
        total: Tensor = out + self.shortcut(x)
        return total


class PreActResNet18(nn.Module):
    """Logits (N, num_classes) of images (N, 3, H, W). Built without initial values: see `preact_resnet`."""

    def __init__(self, narrowest: int, num_classes: int, *, last_norm: bool) -> None:
        super().__init__()
        widths = [narrowest * 2**stage for stage in range(4)]
        self.conv1 = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.layer1 = _stage(widths[0], widths[0], 1)
        self.layer2 = _stage(widths[0], widths[1], 2)
        self.layer3 = _stage(widths[1], widths[2], 2)
        self.layer4 = _stage(widths[2], widths[3], 2)
        self.bn: nn.Module = nn.BatchNorm2d(widths[3]) if last_norm else nn.Identity()
        self.linear = nn.Linear(widths[3], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.forward_features(x).mean((2, 3)))
        return out

    def forward_features(self, x: Tensor) -> Tensor:
        """What is averaged and given to the head, (N, channels, rows, columns)."""
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.conv1(x)))))
        return F.relu(self.bn(x)) if isinstance(self.bn, nn.BatchNorm2d) else x


def preact_resnet(
    name: str, *, num_classes: int = 10, width: float = 1.0, generator: torch.Generator
) -> PreActResNet18:
    """The net called ``name`` with He-normal weights drawn from ``generator``; the global generator is not touched."""
    with torch.device("meta"):  # no values yet, so nothing is drawn from the global generator
        net = PreActResNet18(max(1, round(64 * width)), num_classes, last_norm=not name.endswith("_plain"))
    he_normal(net, generator)
    return net


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(PreActBlock(inputs, outputs, stride), PreActBlock(outputs, outputs, 1))
