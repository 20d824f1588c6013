"""Makes shards in many processes, on one machine or many; Ray Data distributes the tasks."""

import logging
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from facealign.cluster.config import ClusterConfig
from facealign.config import UserError
from facealign.data.preparing.making import ShardResult
from facealign.data.preparing.planning import ShardTask
from facealign.data.preparing.prepare import Mapper

_RETRIES = 2
"""A worker may die with its node; one that dies for want of memory would do so for ever, Ray's default."""


@contextmanager
def shard_mapper(config: ClusterConfig) -> Iterator[Mapper | None]:
    """Yield the function with which ``prepare`` makes its shards; None for this process, with one worker.

    Raises:
        UserError: No cluster answers at the address.
    """
    if config.prepare_workers == 1:
        yield None
        return
    from facealign.cluster.session import session  # Ray takes seconds to import, and one worker needs none

    with session(config.address):
        yield partial(_map_on_ray, workers=config.prepare_workers)


def _map_on_ray(
    function: Callable[[ShardTask], ShardResult], tasks: Sequence[ShardTask], workers: int
) -> Iterator[ShardResult]:
    """Results as they come; as many tasks run as there are workers, so memory is bounded.

    Raises:
        UserError: A task raised one, or its workers died one after another.
    """
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError
    from ray.util.annotations import RayDeprecationWarning

    ray.data.DataContext.get_current().enable_progress_bars = False
    # A row each, and pickled: Arrow would look for columns in what is none of its business.
    items = [{"task": pickle.dumps(task)} for task in tasks]
    with warnings.catch_warnings():
        # This version of Ray has no other way yet to say how often a task may be tried.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        rows = ray.data.from_items(items, override_num_blocks=len(items)).map(
            partial(_run, function),
            num_cpus=1,
            compute=ray.data.TaskPoolStrategy(size=min(workers, len(items))),
            ray_remote_args_fn=lambda: {"max_retries": _RETRIES},
        )
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised
    try:
        for row in rows.iter_rows():
            outcome = pickle.loads(row["outcome"])
            if isinstance(outcome, UserError):
                raise outcome
            yield outcome
    except (WorkerCrashedError, NodeDiedError, OutOfMemoryError) as error:
        raise UserError(
            f"a worker that prepares faces died, {_RETRIES + 1} times over ({error}). One that is killed wants "
            "memory as a rule: lower cluster.prepare_workers or data.shards.megabytes"
        ) from None


def _run(function: Callable[[ShardTask], ShardResult], row: dict[str, Any]) -> dict[str, bytes]:
    """Run one task on a worker; user errors are returned as values, since Ray would wrap them."""
    import cv2

    cv2.setNumThreads(1)  # workers are the parallelism
    try:
        outcome: ShardResult | UserError = function(pickle.loads(row["task"]))
    except UserError as error:
        outcome = UserError(str(error))
    return {"outcome": pickle.dumps(outcome)}
