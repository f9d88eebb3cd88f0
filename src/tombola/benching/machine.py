"""What the machine is, in a few words: the processor, and no name of a host."""

import os
import platform
from pathlib import Path


def processor() -> str:
    """``"Intel(R) Xeon(R) Processor, 2 cores, Linux"``."""
    return f"{_model()}, {os.cpu_count()} cores, {platform.system()}"


def _model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
