import platform
import subprocess
import sys

import pytest

PAGES_OF_A_STEP = (64 << 20) // 4096
STEPS = 20
CODE = f"""
import resource, sys
import torch
from facealign.training.memory import keep_freed_memory
from facealign.training.world import World
keep_freed_memory(World(device=torch.device(sys.argv[1])))
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for _ in range({STEPS}):
    torch.ones(64 << 20, dtype=torch.uint8)
print(faults() - before)
"""


def faults(device: str) -> int:
    done = subprocess.run([sys.executable, "-c", CODE, device], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.thorough
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_comes_from_the_system_once_and_not_at_every_step():
    # Now and then something small lies where the block was, and the next one needs fresh pages: seen 2 to 5 times.
    half = STEPS // 2 * PAGES_OF_A_STEP
    told, not_told = faults("cpu"), faults("meta")
    assert told < half < not_told
