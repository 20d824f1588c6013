"""A method with its optimizer, precision and weight average."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from facealign.data.batch import Batch
from facealign.methods import LossTerms, Method
from facealign.training.average import WeightAverage
from facealign.training.batch_norm import synchronize
from facealign.training.config import TrainConfig
from facealign.training.optimizer import build_optimizer, set_lr
from facealign.training.precision import Precision
from facealign.training.world import World


class Learner:
    """A process's copy of the network with its optimizer; the weights of all processes are equal at each step.

    Args:
        method: With the weights to begin from; it is moved to the world's device.
        config: How it learns.
        world: Whose gradients are averaged.
    """

    def __init__(self, method: Method, config: TrainConfig, world: World) -> None:
        self.config = config
        if config.sync_batch_norm:
            synchronize(method, world)
        self.method: Method = method.to(world.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = build_optimizer(self.method.parameters(), config.optimizer)
        self.precision = Precision(config.precision, world.device)
        self.precision.apply()
        self.average = None if config.ema is None else WeightAverage(self.method, config.ema)
        self._wrapped = world.wrap(self.method)
        # Compiled around the method, which keeps the names of its weights.
        self._network = torch.compile(self._wrapped) if config.compile else self._wrapped

    def backward(self, micro_batch: Batch, weight: float, is_last: bool) -> LossTerms:
        """Add a micro-batch to the gradient; the processes exchange gradients at the last one.

        Args:
            micro_batch: Faces on the world's device.
            weight: Of the piece's mean loss; DDP's mean over the processes comes on top of it.
            is_last: Whether the step follows.
        """
        images = self.method.inputs(micro_batch).contiguous(memory_format=torch.channels_last)
        with self._exchange(is_last):
            with self.precision.autocast():
                terms = self.method.loss(self._network(images), micro_batch)
            self.precision.scaler.scale(terms.total * weight).backward()  # type: ignore[no-untyped-call]
        return terms

    def step(self, lr: float) -> None:
        """Move the weights, and their average after them, by the gradient that was added up."""
        set_lr(self.optimizer, lr)
        scaler = self.precision.scaler
        if self.config.clip_norm is not None:
            scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.method.parameters(), self.config.clip_norm)
        scaler.step(self.optimizer)
        scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.method)

    @property
    def lr(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def weight_norm(self) -> Tensor:
        """() on the device: the norm of all weights; not finite where one of them is not."""
        return nn.utils.get_total_norm([parameter.detach() for parameter in self.method.parameters()])

    def metrics(self) -> dict[str, float]:
        """Metrics for the logs: learning rate, fp16's loss scale, a GPU's peak memory so far in 10⁹ bytes."""
        found = {"train/lr": self.lr}
        if self.precision.scaler.is_enabled():
            found["train/loss_scale"] = self.precision.scaler.get_scale()
        if self.precision.device.type == "cuda":
            found["train/gpu_memory_gb"] = torch.cuda.max_memory_allocated(self.precision.device) / 1e9
        return found

    @contextmanager
    def as_measured(self) -> Iterator[Method]:
        """The method, in the block with the weights that are measured and kept: averages, where there are any."""
        with nullcontext() if self.average is None else self.average.in_place_of(self.method):
            yield self.method

    def state_dict(self) -> dict[str, Any]:
        """State of optimizer and loss scaler; method and average hold the weights."""
        return {"optimizer": self.optimizer.state_dict(), "scaler": self.precision.scaler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"]:  # of a precision without a scaler it is empty, and so it is here
            self.precision.scaler.load_state_dict(state["scaler"])

    def _exchange(self, is_last: bool) -> AbstractContextManager[None]:
        if is_last or not isinstance(self._wrapped, nn.parallel.DistributedDataParallel):
            return nullcontext()
        return self._wrapped.no_sync()
