"""`run_dense`: the network that dense engines run."""

from tombola.engines._base import Subject
from tombola.exporters._deployed import deployed
from tombola.exporters._masked import masked
from tombola.models.network import Network


def run_dense(subject: Subject) -> Network:
    """A copy with its zeros, in the form that its modules are meant to be run in."""
    network = masked(subject.model, subject.masks)
    return network if subject.cut else deployed(network)
