"""Does the cluster answer, and does it take this process for one of its own?"""

import os
import socket
from contextlib import ExitStack

from ray.exceptions import AuthenticationError

from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.nodes import alive
from facealign.cluster.session import session
from facealign.config import UserError

_SECONDS = 5.0
"""To wait for a connection; Ray itself would wait for minutes."""


def reach(address: str | None, stack: ExitStack) -> Finding:
    """Connect until ``stack`` closes; a local cluster is started where no address is named.

    Args:
        address: Of a running cluster; None takes ``RAY_ADDRESS``, and failing that a cluster on this machine.
        stack: Keeps the connection.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    if address is not None and (obstacle := _obstacle(address)) is not None:
        return obstacle
    try:
        stack.enter_context(session(address))
    except AuthenticationError:
        return Finding(
            "failed",
            f"{address} asks for a token, and this machine has none",
            "copy the cluster's into ~/.ray/auth_token (mode 600), or name its file in RAY_AUTH_TOKEN_PATH",
        )
    except UserError:
        return Finding(
            "failed",
            f"something listens at {address}, but does not take this process for one of its own",
            "the token here is another than the cluster's (`ray get-auth-token` shows it), one of the two has "
            "RAY_AUTH_MODE=disabled, or it is not Ray's GCS port (6379, not the dashboard's 8265)",
        )
    except RuntimeError as error:
        found = " ".join(str(error).split())
        return Finding(
            "failed", found, "run the same Python and Ray on all sides: `pip install -c constraints.txt`"
        )
    nodes = alive()
    cpus, gpus = (round(sum(node.resources.get(kind, 0) for node in nodes)) for kind in ("CPU", "GPU"))
    names = ", ".join(node.name for node in nodes)
    return Finding("ok", f"{address or 'a local cluster'}: {cpus} CPUs and {gpus} GPUs on {names}")


def _obstacle(address: str) -> Finding | None:
    """What keeps this process from even asking."""
    if "://" in address:
        return Finding(
            "failed",
            f"{address} is no address that a training can use",
            "submit it as a job (`ray job submit`), or run on a node of the cluster with host:6379",
        )
    host, _, port = address.rpartition(":")
    if not port.isdigit():  # `auto` and `local`
        return None
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except (OSError, OverflowError) as error:
        return Finding(
            "failed",
            f"nothing answers at {address}: {error}",
            "start the head with `ray start --head`, let the firewall pass port and node, or mend cluster.address "
            "(or RAY_ADDRESS)",
        )
    return None
