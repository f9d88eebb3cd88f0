"""What the machine is, in a few words: the processor and what it can, and no name of a host."""

import os
import platform

from tombola import machine


def processor() -> str:
    """``"AMD EPYC (avx2 fma), 2 cores, Linux"``: one name stands for several generations, the instructions do not."""
    able = f" ({machine.instructions()})" if machine.instructions() else ""
    return f"{machine.processor()}{able}, {os.cpu_count()} cores, {platform.system()}"
