"""Settings of which faces make an epoch. Free of NumPy and torch, so that a command line can read them quickly."""

from typing import Literal

from pydantic import Field

from facealign.config import Settings


class SamplingSettings(Settings):
    """Settings of an epoch's balance between the pose bins."""

    balance: Literal["none", "replicate", "undersample"] = Field(
        default="none",
        description="none: every face once; replicate: faces of rare poses more often, up to the commonest (SCC); "
        "undersample: equally many of every pose, as many as of the rarest (Anisotropic)",
    )
    cap: int = Field(default=20, ge=1, description="times that `replicate` shows a face at most in an epoch")
    smallest_bin: int = Field(
        default=16,
        ge=1,
        description="`undersample` merges a bin of fewer faces with its neighbor; 1: keeps all, as the paper",
    )
    redraw: Literal["epoch", "once"] = Field(
        default="epoch", description="whether each epoch draws the faces it balances with anew"
    )
