"""What the driver says about a run before it starts: its settings, its labels, its data."""

import json
from collections.abc import Mapping
from typing import Any

from facealign.tracking.address import reaching
from facealign.tracking.flatten import cut_param, flatten
from facealign.tracking.runs import RunHandle

CONFIG_FILE = "config.json"
_PARAMS_PER_CALL = 100
_DIGEST_LENGTH = 36  # what MLflow's column for a data set's digest holds


def describe_run(handle: RunHandle | None, settings: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    """Put settings, as params and whole as the artifact ``config.json``, and tags into the run.

    A run that is continued keeps the params it has: MLflow changes none. ``config.json`` and the tags are those of
    the last start.

    Args:
        handle: The run; None where tracking is switched off.
        settings: Nested, of plain values.
        tags: Labels.

    Raises:
        UserError: MLflow does not answer.
    """
    if handle is None:
        return
    with reaching(handle.uri):
        from mlflow import MlflowClient
        from mlflow.entities import Param, RunTag

        client = MlflowClient(tracking_uri=handle.uri)
        known = client.get_run(handle.run_id).data.params
        params = [Param(k, cut_param(str(v))) for k, v in flatten(settings).items() if k not in known]
        for start in range(0, len(params), _PARAMS_PER_CALL):
            client.log_batch(handle.run_id, params=params[start : start + _PARAMS_PER_CALL])
        client.log_batch(handle.run_id, tags=[RunTag(key, value) for key, value in tags.items()])
        client.log_dict(handle.run_id, dict(settings), CONFIG_FILE)


def log_dataset(
    handle: RunHandle | None,
    name: str,
    digest: str,
    source: str,
    profile: Mapping[str, Any],
    context: str = "training",
) -> None:
    """Show a data set with its digest among the run's inputs; saying it again changes nothing.

    MLflow keeps the first 36 characters of a digest; all of it is in the input's tag ``facealign.digest``.

    Args:
        handle: The run; None where tracking is switched off.
        name: Of the data set.
        digest: Of its content.
        source: Where it lies: a path or an address.
        profile: Its figures, such as the number of faces.
        context: What the run does with it.

    Raises:
        UserError: MLflow does not answer.
    """
    if handle is None:
        return
    with reaching(handle.uri):
        from mlflow import MlflowClient
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(
            name=name,
            digest=digest[:_DIGEST_LENGTH],
            source_type="local",
            source=json.dumps({"uri": source}),
            profile=json.dumps(profile),
        )
        tags = [InputTag("mlflow.data.context", context), InputTag("facealign.digest", digest)]
        MlflowClient(tracking_uri=handle.uri).log_inputs(handle.run_id, [DatasetInput(dataset, tags)])
