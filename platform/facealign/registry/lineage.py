"""What MLflow knows of how a training came about: the job that ran it, and the search its settings came from."""

from typing import Any

from facealign.tracking.handles import PARENT

SUBMISSION = "submission"
"""The tag with the id of the Ray job that trained; a training outside a job has none."""


def ancestry(client: Any, run_id: str, config_hash: str) -> dict[str, str]:
    """Tags ``submission`` of the job, and ``study``, ``trial`` and ``trial_run`` of the search; those there are.

    A trial and a training with one configuration hash are the same training (settings, faces and seed), so nothing
    has to be carried from a search's ``best.yaml`` to the training.
    """
    run = client.get_run(run_id)
    found = {SUBMISSION: run.data.tags[SUBMISSION]} if SUBMISSION in run.data.tags else {}
    trials = client.search_runs(
        [run.info.experiment_id],
        f"tags.config_hash = '{config_hash}' AND tags.trial LIKE '%'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    for trial in trials:
        found |= {"trial": trial.data.tags["trial"], "trial_run": trial.info.run_id}
        if (parent := trial.data.tags.get(PARENT)) is not None:
            search = client.get_run(parent).data.tags
            found |= {"study": search["study"]} if "study" in search else {}
    return found
