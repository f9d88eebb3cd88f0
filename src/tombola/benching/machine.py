"""The machine that was timed, in a few words and without its name."""

import os
import platform

from tombola import machine


def processor() -> str:
    """``"Intel(R) Xeon(R) Processor, 2 cores, Linux"``."""
    return f"{machine.processor()}, {os.cpu_count()} cores, {platform.system()}"
