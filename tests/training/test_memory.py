import os
import platform
import subprocess
import sys

import pytest

from facealign.training.memory import WORKER_ENVIRONMENT

PAGES_OF_A_STEP = (64 << 20) // 4096
STEPS = 20
CODE = f"""
import resource, sys, threading
import torch
from facealign.training.memory import keep_freed_memory
from facealign.training.world import World
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def steps():
    keep_freed_memory(World(device=torch.device(sys.argv[1])))
    before = faults()
    for _ in range({STEPS}):
        torch.ones(64 << 20, dtype=torch.uint8)
    print(faults() - before)
if sys.argv[2] == "main":
    steps()
else:
    threading.Thread(target=steps).start()
"""


def faults(device: str, thread: str = "main", **environment: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE, device, thread],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


@pytest.mark.thorough
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_comes_from_the_system_once_and_not_at_every_step():
    # Now and then something small lies where the block was, and the next one needs fresh pages: seen 2 to 5 times,
    # and 7 or 8 in another thread.
    half, most = STEPS // 2 * PAGES_OF_A_STEP, 3 * STEPS // 4 * PAGES_OF_A_STEP
    assert faults("cpu") < half
    assert faults("cpu", "another", **WORKER_ENVIRONMENT) < most
    assert faults("meta") > most  # a process that was told nothing
