"""Errors of exhausted memory and full disks, with a remedy."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from facealign.config import UserError


@contextmanager
def enough_memory(advice: str) -> Iterator[None]:
    """Within the block a device whose memory runs out is the user's to fix.

    Args:
        advice: Which setting makes it less, and what it is now.

    Raises:
        UserError: It ran out.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        found = str(error).split(". ")[0]
        raise UserError(f"out of memory: {found}. {advice}") from None


@contextmanager
def enough_disk(folder: Path, remedy: str) -> Iterator[None]:
    """Within the block a disk that is full is the user's to fix.

    Args:
        folder: Where the block writes.
        remedy: How to let it write elsewhere.

    Raises:
        UserError: The disk, or the user's share of it, is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(folder).free / 1e6
        raise UserError(
            f"{folder}: no room for a checkpoint ({error.strerror}; {free:.0f} MB are free there). The one before "
            f"is kept, and training goes on from it: free some space, or {remedy}"
        ) from None
