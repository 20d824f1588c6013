"""Settings as a stage uses them: relative addresses at home, and nothing in a place that vanishes."""

import os
from collections.abc import Iterator

from facealign.cli import home
from facealign.cli.params import Params
from facealign.cluster.job import submission
from facealign.config import UserError
from facealign.tracking.address import DEFAULT_URI, sqlite_path


def settled(params: Params) -> Params:
    """The settings with ``cluster.storage`` at home.

    Raises:
        UserError: The home is a relative path; or this is a Ray job, and what it makes would vanish with its
            folder. All that is wrong is in one message.
    """
    problems = list(_problems(params))
    if problems:
        raise UserError("\n".join(problems))
    storage = home.address(params.cluster.storage)
    return params.model_copy(update={"cluster": params.cluster.model_copy(update={"storage": storage})})


def _problems(params: Params) -> Iterator[str]:
    place = home.named()
    if place and not (home.is_bucket() or os.path.isabs(place)):
        yield f"{home.HOME_VARIABLE} is {place!r}; write an absolute path or a URI, which every node reads alike"
    if submission() is None:
        return
    if not place:
        yield (
            f"this is a Ray job, whose folder {os.getcwd()} Ray deletes, and {home.HOME_VARIABLE} is not set; let "
            "it name a folder or bucket that every node reaches, in env_vars of pipelines/runtime_env.yaml, or in "
            "the environment that `ray start` has"
        )
    uri = os.environ.get("MLFLOW_TRACKING_URI") or params.tracking.uri or DEFAULT_URI
    database = sqlite_path(uri)
    if params.tracking.enabled and database is not None and not database.is_absolute():
        yield (
            f"this is a Ray job, and its runs would go to {uri}, a file in its folder, which Ray deletes; set "
            "MLFLOW_TRACKING_URI or tracking.uri to a server (http://host:5000), or tracking.enabled: false"
        )
