"""torchvision is loaded without torch's compiler, and its operators work and find the compiler when they are asked."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from tombola.models.source import Source
Source.parse("torchvision:squeezenet1_1")
assert "torchvision.models" in sys.modules
assert "torch._dynamo" not in sys.modules
import torch
from torchvision.ops import roi_align
from torchvision.ops.roi_align import is_compile_supported
assert roi_align(torch.ones(1, 3, 8, 8), [torch.tensor([[0.0, 0, 4, 4]])], 2).sum() == 12
is_compile_supported("cpu")
assert torch._dynamo.utils.__file__
"""


@pytest.mark.slow
def test_the_compiler_is_loaded_when_it_is_asked() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
