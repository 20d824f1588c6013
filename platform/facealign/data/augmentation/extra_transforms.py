"""Any transform of Albumentations that changes pixels and moves nothing, named in a settings file."""

import os
from functools import cache
from typing import Any

import numpy as np

from facealign.config import UserError
from facealign.data.augmentation.settings import ExtraTransform
from facealign.data.images import Image8

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # its import would otherwise ask a server for news


def apply_transform(image: Image8, change: ExtraTransform, seed: int) -> Image8:
    """(S, S, 3) uint8 RGB → the same shape, changed as ``seed`` has it.

    Raises:
        UserError: See ``transform_of``.
    """
    transform = transform_of(change)
    transform.set_random_seed(seed)
    return np.asarray(transform(image=image)["image"], dtype=np.uint8)


def transform_of(change: ExtraTransform) -> Any:
    """The transform, built once in each process.

    Raises:
        UserError: Albumentations has no transform of that name, it would move landmarks, or its parameters are not
            such as it takes.
    """
    return _built(change.model_dump_json())


@cache
def _built(text: str) -> Any:
    import warnings

    import albumentations
    from albumentations.augmentations.dropout.transforms import BaseDropout

    change = ExtraTransform.model_validate_json(text)
    kind = getattr(albumentations, change.name, None)
    if not (isinstance(kind, type) and issubclass(kind, albumentations.BasicTransform)):
        raise UserError(
            f"augment.extra_transforms: Albumentations has no transform {change.name!r}; mind its spelling"
        )
    if not issubclass(kind, albumentations.ImageOnlyTransform | BaseDropout):
        raise UserError(
            f"augment.extra_transforms: {change.name} moves pixels, and landmarks would stay where they "
            "were; geometry is rotation, shift, scale and flip"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it only warns of a parameter that it does not know
            return kind(**change.params, p=1)
    except (TypeError, ValueError, UserWarning) as error:
        raise UserError(
            f"augment.extra_transforms: {change.name} does not take {change.params}: {error}"
        ) from None
