"""What the driver makes of the errors in which Ray's trainer ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from ray.exceptions import OutOfMemoryError, RayActorError
from ray.train import ControllerError, TrainingFailedError

from facealign.cluster.failures import LESS_MEMORY, Hopeless, WorkerFailed, is_full, no_room
from facealign.config import UserError


@contextmanager
def explained(folder: str) -> Iterator[None]:
    """Turn Ray's errors into what the reader needs of them.

    Args:
        folder: Of the training's checkpoints.

    Raises:
        UserError: There is something to mend, or to wait for.
        WorkerFailed: The program has a mistake.
    """
    try:
        yield
    except TrainingFailedError as error:
        raise _of_training(error, folder) from None
    except OutOfMemoryError as error:
        told = str(error).splitlines()[0]
        raise UserError(f"the driver's node is out of memory ({told}); on that node, {LESS_MEMORY}") from None
    except RayActorError as error:
        told = str(error).splitlines()[0]
        raise UserError(
            f"{folder}: what leads the training on the driver's node was lost ({told}); "
            "the same command goes on from the last checkpoint"
        ) from None
    except OSError as error:
        if is_full(error):
            raise UserError(no_room(folder, error)) from None
        if isinstance(error, PermissionError):
            raise UserError(f"{folder}: {error}; the driver must be able to write to cluster.storage") from None
        raise


def _of_training(error: TrainingFailedError, folder: str) -> Exception:
    cause = error.controller_failure if isinstance(error, ControllerError) else error
    if isinstance(cause, Hopeless):
        return UserError(cause.message) if cause.mendable else WorkerFailed(cause.message)
    if is_full(cause):
        return UserError(no_room(folder, cause))
    return WorkerFailed(str(cause))
