"""The moving average of a training's weights, which often predicts better than the last weights.

    average ← decay · average + (1 − decay) · weights, after each step of the optimizer

It starts at the weights it is built from, without a warm-up or a correction for the start, as in the papers that
use it: ADNet's authors have decay 0.99945. After k steps the first weights still count decayᵏ: with theirs, half
after 1260 steps and 1 % after 8400, so the average is no use before that, and a short training wants a smaller
decay.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from facealign.config import UserError


class WeightAverage:
    """The exponential moving average of a module's parameters and buffers; whole numbers are copied.

    It lies on the module's device, in the module's memory formats.

    Args:
        module: Starts the average; move it to its device first.
        decay: What remains of the average in a step, 0…1.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self._averages = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        self._means = [name for name, tensor in self._averages.items() if tensor.is_floating_point()]
        self._counts = [name for name, tensor in self._averages.items() if not tensor.is_floating_point()]

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the weights of ``module`` by one step."""
        own = module.state_dict()
        averages = [self._averages[name] for name in self._means]
        torch._foreach_lerp_(averages, [own[name] for name in self._means], 1 - self.decay)
        _copy(own, self._averages, self._counts)

    def state_dict(self) -> dict[str, Tensor]:
        """The average under the names of the module's own ``state_dict``: weights that the module can load."""
        return dict(self._averages)

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a saved average.

        Raises:
            UserError: It is of another module.
        """
        shapes, found = ({name: tensor.shape for name, tensor in s.items()} for s in (self._averages, state))
        wrong = sorted({name for name, _ in shapes.items() ^ found.items()})
        if wrong:
            raise UserError(
                f"averaged weights of another model: {', '.join(wrong)} are missing, unknown or of another shape; "
                "start the training anew"
            )
        _copy(state, self._averages, list(shapes))

    @contextmanager
    def in_place_of(self, module: nn.Module) -> Iterator[None]:
        """Context in which ``module`` has the averaged weights; afterwards it has its own, to the bit."""
        carried = module.state_dict()
        own = {name: tensor.clone() for name, tensor in carried.items()}
        names = list(own)
        try:
            _copy(self._averages, carried, names)
            yield
        finally:
            _copy(own, carried, names)


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor], names: list[str]) -> None:
    """Copy the tensors of these names."""
    if names:
        torch._foreach_copy_([target[name] for name in names], [source[name] for name in names])
