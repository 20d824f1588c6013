import errno

import pytest
import torch
from ray.exceptions import ActorDiedError, OutOfMemoryError
from ray.train import ControllerError, WorkerGroupError

from facealign.cluster.failures import NonRetryableError, Preempted, cause_of, is_retryable, to_driver_error
from facealign.cluster.ray_internals import WorkerGroupStartupTimeoutError, WorkerHealthCheckFailedError
from facealign.config import UserError

HEALING = [
    RuntimeError("[gloo/transport/tcp/pair.cc:537] Read error [10.0.0.2]:9103: Connection reset by peer."),
    RuntimeError("NCCL communicator was aborted on rank 1"),
    torch.distributed.DistNetworkError("The client socket has timed out after 600000ms"),
    torch.distributed.DistBackendError("NCCL error: remote process exited"),
    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    OSError(
        "When uploading part for key 'a': AWS Error NETWORK_CONNECTION: curlCode: 7, Couldn't connect to server"
    ),
    OSError("AWS Error SLOW_DOWN: please reduce your request rate"),
    OSError(errno.ESTALE, "Stale file handle"),
    ActorDiedError(),
    Preempted((0,)),
]
NOT_RETRYABLE = [
    UserError("the loss is nan"),
    ZeroDivisionError("division by zero"),
    KeyError("gloo"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied (8x3 and 4x4)"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"),
    PermissionError(errno.EACCES, "Permission denied"),
    OSError("AWS Error ACCESS_DENIED: the key is not known"),
]


@pytest.mark.parametrize("error", HEALING, ids=lambda error: type(error).__name__)
def test_what_another_try_may_heal_is_left_as_it_is(error):
    assert is_retryable(error)
    assert to_driver_error(error) is error


@pytest.mark.parametrize("error", NOT_RETRYABLE, ids=lambda error: type(error).__name__)
def test_what_would_only_come_again_is_not_tried_again(error):
    assert not is_retryable(error)
    told = to_driver_error(error)
    assert isinstance(told, NonRetryableError)
    assert str(error).strip("'") in told.message


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (UserError("fix it"), "fix it"),
        (OSError(errno.ENOSPC, "No space left on device"), "make room"),
        (torch.OutOfMemoryError("CUDA out of memory"), "lower train.per_device_batch"),
    ],
)
def test_what_the_reader_can_mend_says_how(error, part):
    told = to_driver_error(error)
    assert told.fixable
    assert part in told.message


def test_a_mistake_of_the_program_keeps_its_trace():
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        told = to_driver_error(error)
    assert not told.fixable
    assert "test_failures.py" in told.message


def dead(failure):
    return WorkerHealthCheckFailedError("A worker health check failed.", failure)


@pytest.mark.parametrize(
    ("failures", "text"),
    [
        ({0: HEALING[0], 1: dead(ActorDiedError())}, "worker 1 was killed, or crashed"),
        ({0: HEALING[0]}, "worker 0 lost touch: [gloo/transport"),
        (
            {1: dead(OutOfMemoryError("Memory on the node (IP: 1) was 31.20GB used / 32.00GB limit (0.97)"))},
            "worker 1 was killed by Ray, because its node ran out of memory (31.20GB of 32.00GB were in use)",
        ),
        ({0: Preempted((1,)), 1: Preempted((1,))}, "worker 1 got SIGTERM"),
        ({0: Preempted((1,))}, "worker 1 got SIGTERM"),  # that of worker 1 has not arrived yet
        ({0: Preempted((0,)), 1: Preempted((0, 1))}, "workers 0, 1 got SIGTERM"),
        ({0: Preempted(()), 1: Preempted(())}, "a node was drained"),
    ],
)
def test_the_cause_comes_before_what_followed_from_it(failures, text):
    cause = cause_of(WorkerGroupError("", failures))
    assert cause.text.startswith(text)
    assert cause.announced == any(isinstance(error, Preempted) for error in failures.values())


def test_no_room_in_the_cluster_names_the_setting():
    cause = cause_of(ControllerError(WorkerGroupStartupTimeoutError(4)))
    assert cause.text == "the cluster had no room for 4 workers"
    assert "cluster.workers" in cause.remedy
