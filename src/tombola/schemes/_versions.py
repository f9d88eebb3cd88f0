"""What a ticket's lineage names as having made it."""

from importlib.metadata import version

from tombola.machine import instructions, processor


def versions() -> dict[str, str]:
    """Tombola's and torch's versions, and the processor with its instructions, which decide last bits as they do."""
    found = {name: version(name) for name in ("tombola", "torch")}
    return {**found, "processor": processor(), "instructions": instructions()}
