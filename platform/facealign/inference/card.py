"""The card of a model for its users."""

import json
from pathlib import Path
from typing import Any

from facealign.config import Settings, UserError
from facealign.geometry import CropSettings, LandmarkSchema

CARD = "card.json"
_TRAINED = "model.json"
"""The model card that training writes; it holds more."""


class Card(Settings):
    """A model's inputs, outputs and identity.

    Attributes:
        crop: The rule by which the faces of its training were cut.
        data_digest: Of the shards it was trained on.
        model: Its address in the registry, ``models:/m-…``; None where it is in none.
    """

    method: str
    landmarks: LandmarkSchema
    crop: CropSettings
    data_digest: str
    config_hash: str
    parameters: int
    model: str | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """The model's identity, which accompanies its predictions."""
        return {
            "model": self.model,
            "method": self.method,
            "landmarks": self.landmarks.name,
            "data_digest": self.data_digest,
            "config_hash": self.config_hash,
        }


def card_of_training(values: dict[str, Any]) -> Card:
    """The card from what training wrote into ``model.json``."""
    job, faces = values["job"], values["faces"]
    return Card(
        method=job["method"],
        landmarks=faces["landmarks"],
        crop=faces["crop"],
        data_digest=job["data_digest"],
        config_hash=values["config_hash"],
        parameters=values["parameters"],
    )


def read_card(folder: Path) -> Card:
    """The card of a model's data, as published or as training left it. No torch is needed.

    Raises:
        UserError: There is none, or it does not read as one.
    """
    for name in (CARD, _TRAINED):
        if (folder / name).is_file():
            try:
                values = json.loads((folder / name).read_text(encoding="utf-8"))
                return Card.model_validate(values) if name == CARD else card_of_training(values)
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{folder / name}: not the card of a model of this version ({error}); make the model again"
                ) from None
    raise UserError(
        f"{folder}: holds no model (neither {CARD} nor {_TRAINED}); name a registered one, "
        "models:/NAME@champion, or the folder of a trained one"
    )
