"""Memory that a step frees stays with the process, for the next step to use.

A step on a CPU takes and frees hundreds of megabytes. The C library gives them back to the system, which hands
them out again page by page, each filled with zeros first: up to a third of a small network's step goes there.
"""

import ctypes

from facealign.training.world import World

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Options of ``mallopt``: free memory at the heap's end that is returned; size of blocks outside the heap."""
_NEVER = -1
_LARGER_THAN_ANY_TENSOR = 1 << 30

WORKER_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
"""Environment of a process that trains in another thread than its main one, as Ray's workers do: the C library
gives such a thread a heap of its own, which cannot keep a block of over 64 MB. It reads this as the process
starts.
"""


def keep_freed_memory(world: World) -> None:
    """Keep freed memory in the process, where it computes on a CPU and its C library allows it (glibc)."""
    if world.device.type == "cpu":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl and macOS have none
        if mallopt is not None:
            mallopt(_TRIM_THRESHOLD, _NEVER)
            mallopt(_MMAP_THRESHOLD, _LARGER_THAN_ANY_TENSOR)
