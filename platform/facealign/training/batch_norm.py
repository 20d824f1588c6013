"""Batch normalization over all processes that train together.

Each process sees only its share of a global batch. With these layers it normalizes by the mean and variance of the
whole, so that the number of processes is no matter to what is learned.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch._compile import _disable_dynamo
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from facealign.config import UserError
from facealign.training.world import World


def synchronize(module: nn.Module, world: World) -> nn.Module:
    """Synchronize the batch normalization layers of ``module`` over all processes of ``world``.

    They keep their parameters and buffers, and the names of these. Every process has to pass them equally often,
    with as large or small a share as it likes. The gradients are those of the sum of all processes' losses.

    Returns:
        ``module`` itself with those layers replaced, or the layer in its place if it is one. A world of one needs
        no replacing.
    """
    if world.size == 1:
        return module
    if world.device.type == "cuda":
        synchronized: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        return synchronized
    return _replace(module)


def _replace(module: nn.Module) -> nn.Module:
    if isinstance(module, _BatchNorm):
        return GlobalBatchNorm.like(module)
    for name, child in module.named_children():
        setattr(module, name, _replace(child))
    return module


class GlobalBatchNorm(_BatchNorm):
    """Synchronized batch normalization on any device; ``torch.nn.SyncBatchNorm`` refuses to run on a CPU.

    Each layer exchanges moments in the forward pass and sums of the gradient in the backward pass. Whatever the
    features' type, statistics are float32 at least, and sums over processes float64. (B, C, …) → the same.
    """

    @classmethod
    def like(cls, layer: _BatchNorm) -> "GlobalBatchNorm":
        """Make a layer with the settings, parameters and buffers of ``layer``."""
        own = cls(layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
        for name, parameter in layer.named_parameters(recurse=False):
            own.register_parameter(name, parameter)
        for name, buffer in layer.named_buffers(recurse=False):
            own.register_buffer(name, buffer)
        return own.train(layer.training)

    def forward(self, features: Tensor) -> Tensor:
        """Normalize by the batch of all processes in training, by the running statistics in evaluation.

        Raises:
            UserError: All processes together have fewer than two values per channel.
        """
        if not self.training:
            return super().forward(features)
        normalized: Tensor = self._normalize(features)
        return normalized

    # Compiled graphs end here. torch.compiler.disable would say the same, but imports the compiler at once.
    @_disable_dynamo
    def _normalize(self, features: Tensor) -> Tensor:
        mean_C, var_C, count = _moments(features.detach())
        if count < 2:
            raise UserError(
                f"batch normalization of {count} value per channel: its variance is unknown; raise batch_size"
            )
        self._keep(mean_C, var_C * (count / (count - 1)))
        normalized: Tensor = _Normalize.apply(  # type: ignore[no-untyped-call]
            features, self.weight, self.bias, mean_C, var_C, count, self.eps
        )
        return normalized

    def _check_input_dim(self, features: Tensor) -> None:
        """Whatever the layer that this one stands in for took."""

    @torch.no_grad()
    def _keep(self, mean_C: Tensor, unbiased_C: Tensor) -> None:
        """Move the running statistics, as torch's layers do."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        step = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.mul_(1 - step).add_(mean_C, alpha=step)
        self.running_var.mul_(1 - step).add_(unbiased_C, alpha=step)


def _moments(features: Tensor) -> tuple[Tensor, Tensor, int]:
    """Mean and biased variance of each channel over all processes, (C,) float32 at least; how many values."""
    channels = features.shape[1]
    wide = torch.promote_types(features.dtype, torch.float32)
    sums = torch.zeros(2 * channels + 1, dtype=torch.float64, device=features.device)
    if features.numel() > 0:
        # The running statistics, which this call would move, are scratch: they choose the type of the result.
        scratch = torch.zeros(channels, dtype=wide, device=features.device)
        mean_C, var_C = torch.batch_norm_update_stats(features, scratch, scratch.clone(), 0.0)
        mean_C, var_C = mean_C.double(), var_C.double()
        count = features.numel() // channels
        sums = torch.cat([count * mean_C, count * (var_C + mean_C.square()), sums.new_tensor([count])])
    dist.all_reduce(sums)
    count = int(sums[-1])
    mean_C, square_C = (sums[:-1] / count).chunk(2)
    return mean_C.to(wide), (square_C - mean_C.square()).clamp_min(0).to(wide), count


class _Normalize(torch.autograd.Function):
    """Normalization by given moments; its gradient knows that they are moments of all processes' features."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight_C: Tensor | None,
        bias_C: Tensor | None,
        mean_C: Tensor,
        var_C: Tensor,
        count: int,
        eps: float,
    ) -> Tensor:
        ctx.save_for_backward(features, weight_C, mean_C, var_C)
        ctx.count, ctx.eps = count, eps
        return functional.batch_norm(features, mean_C, var_C, weight_C, bias_C, training=False, eps=eps)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """With x̂ the normalized features, γ the weight and n the count, over all processes:

        ∂x = γ/σ · (∂y − Σ∂y/n − x̂ · Σ(∂y·x̂)/n)
        """
        features, weight_C, mean_C, var_C = ctx.saved_tensors
        sums_2C = mean_C.new_zeros(2, len(mean_C))
        grad_features = torch.zeros_like(features)
        if features.numel() > 0:
            # As if the moments were constants: γ/σ · ∂y, and this process's Σ(∂y·x̂) and Σ∂y.
            grad_features, *own = torch.ops.aten.native_batch_norm_backward(
                grad, features, weight_C, mean_C, var_C, None, None, False, ctx.eps, [True, True, True]
            )
            sums_2C = torch.stack(own)
        total_2C = sums_2C.to(torch.float64, copy=True)
        dist.all_reduce(total_2C)
        scale_C = torch.rsqrt(var_C + ctx.eps) * (1 if weight_C is None else weight_C)
        slope_C, offset_C = -scale_C * (total_2C / ctx.count).to(scale_C.dtype)
        # The rest is linear in x̂, and so what the layer itself computes.
        grad_features += functional.batch_norm(
            features, mean_C, var_C, slope_C, offset_C, training=False, eps=ctx.eps
        )
        grad_weight_C, grad_bias_C = (None, None) if weight_C is None else sums_2C
        return grad_features, grad_weight_C, grad_bias_C, None, None, None, None
