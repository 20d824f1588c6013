"""Draws the pictures of the documentation that the program can draw by itself.

python docs/draw.py
"""

from pathlib import Path

from facealign.data.synthetic import draw_face
from facealign.geometry import load_schema
from facealign.report.faces import FaceCell, contact_sheet, save_png

PICTURES = Path(__file__).parent / "pictures"
FACES = (0, 9, 18, 29, 35, 53)


def synthetic_faces() -> None:
    """The same drawn faces with 68 and with 98 landmarks."""
    for schema in ("ibug68", "wflw98"):
        cells = []
        for index in FACES:
            face = draw_face(0, index, schema, 320)
            true = ", ".join(name for name, value in face.attributes.items() if value) or "none of the attributes"
            cells.append(FaceCell(image=face.image, truth=face.points, visible=face.visible, caption=true))
        sheet = contact_sheet(cells, load_schema(schema), columns=6, cell_size=200, title=f"Drawn faces, {schema}")
        save_png(PICTURES / f"synthetic-{schema}.png", sheet)


if __name__ == "__main__":
    synthetic_faces()
