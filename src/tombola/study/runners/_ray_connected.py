"""`connected`: Ray, with a cluster that runs already or one that is started here."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tombola.errors import RequestError


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected; what was started here is stopped afterwards, a connection that was there before stays."""
    ray = _ray()
    if ray.is_initialized():
        yield ray
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = f"ray:{address}" if address.startswith("//") else address
    quiet = {} if address.startswith("ray://") else {"include_dashboard": False}
    try:
        ray.init(address or None, log_to_driver=False, logging_level=logging.ERROR, **quiet)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError, AssertionError) as error:
        raise RequestError(_unreachable(address, error)) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise RequestError("the runner ray needs Ray, which is not installed: pip install tombola[ray]") from None
    return ray


def _unreachable(address: str, error: BaseException) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    where = f"at {address}" if address else "here"
    advice = "start one with 'ray start --head' and write its address, as ray://host:10001; or --runner processes:2"
    token = "" if "RAY_AUTH_MODE" in os.environ else "; a cluster that asks for a token wants RAY_AUTH_MODE=token here"
    return f"no Ray cluster can be reached {where}: {first}; {advice}{token}"
