"""``facealign ellipses``: the ellipses of a run's errors, in the form that ADL's λ is read from."""

from pathlib import Path

import numpy as np

from facealign.cli.json_file import write_json
from facealign.cli.runs import faces_of, normaliser_of, run_folder
from facealign.metrics import angles_to_edges, error_ellipses
from facealign.training.upright import upright_errors

_DIGITS = 6


def write_ellipses(run: str, fold: str, out: Path) -> str:
    """Fit an ellipse to each landmark's errors, and write them under ``ellipses``: [a, b] for each landmark.

    Returns:
        A line on what they are.

    Raises:
        UserError: There is no such run, or a landmark is known on fewer than two faces.
    """
    folder = run_folder(run)
    faces = faces_of(folder, fold)
    normaliser = normaliser_of(folder, faces.schema)
    upright = upright_errors(faces.found, faces.schema, normaliser)
    found = error_ellipses(upright.errors, upright.valid)
    angles = angles_to_edges(found, upright.mean_face, faces.schema)
    strengths = found.anisotropy
    write_json(
        out,
        {
            "run": run,
            "fold": fold,
            "faces": len(faces.labels),
            "data_digest": faces.data_digest,
            "landmarks": faces.schema.name,
            "normaliser": normaliser,
            "lambda": strengths.round(_DIGITS).tolist(),
            "axis_to_edge_degrees": [None if np.isnan(angle) else round(float(angle), 2) for angle in angles],
            "ellipses": found.radii.round(_DIGITS).tolist(),
        },
    )
    return (
        f"λ of {faces.schema.size} landmarks from {len(faces.labels)} faces: {strengths.min():.2f} to "
        f"{strengths.max():.2f}, median {np.median(strengths):.2f}; long axes {np.nanmedian(angles):.0f}° off the "
        "edges (median; 45° would be chance)"
    )
