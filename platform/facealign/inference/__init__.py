"""A trained model in use: whole photos in, landmarks in their pixels out.

    from facealign import inference

    model = inference.load("models:/facealign-300w@champion")
    for face in model.predict("photo.jpg"):
        print(face.box, face.landmarks)

With ``runtime="onnx"`` no torch is imported. A registered model carries this package's source with it.
"""

from facealign.inference.aligner import FaceAligner
from facealign.inference.card import Card
from facealign.inference.face import Face
from facealign.inference.load import load

__all__ = ["Card", "Face", "FaceAligner", "load"]
