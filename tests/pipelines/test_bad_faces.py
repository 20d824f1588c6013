"""Stage `prepare` on what an unpacked archive may hold: each fault is a row of the report or one message."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from facealign.data.synthetic import draw_face
from params_file import overlay

pytestmark = pytest.mark.thorough


@pytest.fixture
def faces(tmp_path) -> Path:
    """Synthetic faces in the layout of 300W: 40 to train on, 2 to test."""
    for i in range(42):
        folder = tmp_path / "faces" / ("helen/testset" if i >= 40 else "helen/trainset")
        folder.mkdir(parents=True, exist_ok=True)
        face = draw_face(0, i, "ibug68", 128)
        cv2.imwrite(str(folder / f"{i}_1.jpg"), face.image[..., ::-1])
        (folder / f"{i}_1.pts").write_text(pts(face.points))
    return tmp_path / "faces"


def pts(points: np.ndarray, count: int = 68) -> str:
    rows = "\n".join(f"{x + 1:.6f} {y + 1:.6f}" for x, y in points[:count])
    return f"version: 1\nn_points: {len(points[:count])}\n{{\n{rows}\n}}\n"


def prepare(
    project: Path, environment: dict[str, str], tmp_path: Path, **data
) -> subprocess.CompletedProcess[str]:
    (tmp_path / "params.yaml").write_bytes((project / "params.yaml").read_bytes())
    settings = {"source": "300w", "root": str(tmp_path / "faces"), "max_quarantined": 0.5, **data}
    overlay(tmp_path / "params.yaml", {"data": settings})
    (tmp_path / "outputs").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, str(project / "pipelines/prepare.py")],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_bad_samples_are_quarantined_with_place_and_reason(faces, project, environment, tmp_path):
    folder = faces / "helen/trainset"
    points = draw_face(0, 0, "ibug68", 128).points
    (folder / "0_1.pts").unlink()
    (folder / "1_1.pts").write_text(pts(points, 67))
    (folder / "2_1.pts").write_text(pts(points).replace(f"{points[4, 0] + 1:.6f}", "nan"))
    whole = (folder / "3_1.jpg").read_bytes()
    (folder / "3_1.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "4_1.jpg").unlink()
    (folder / "5_1.jpg").write_bytes(b"not an image")
    done = prepare(project, environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "6 quarantined" in done.stdout
    with (tmp_path / "outputs/shards/quarantine.csv").open(newline="") as file:
        rows = {row["id"].rsplit("/")[-1]: row for row in csv.DictReader(file)}
    assert sorted(rows) == ["0_1", "1_1", "2_1", "3_1", "4_1", "5_1"]
    assert "0_1" in rows["0_1"]["place"]
    assert ".pts" in rows["0_1"]["place"] + rows["0_1"]["reason"]
    assert "67" in rows["1_1"]["reason"]
    assert "68" in rows["1_1"]["reason"]
    assert rows["2_1"]["place"].endswith("2_1.pts:8")
    assert "truncated" in rows["3_1"]["reason"].lower()
    assert rows["5_1"]["place"].endswith("5_1.jpg")


def test_too_many_bad_samples_fail_the_stage(faces, project, environment, tmp_path):
    (faces / "helen/trainset/0_1.pts").unlink()
    done = prepare(project, environment, tmp_path, max_quarantined=0.01)
    assert done.returncode == 2
    assert done.stderr.startswith("error: 1 of 42 samples (2.4%) cannot be used")
    assert "quarantine.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("root", "part"),
    [("absent", "absent"), (".", "set data.root above")],
)
def test_a_folder_that_is_not_the_data_set(project, environment, tmp_path, root, part):
    done = prepare(project, environment, tmp_path, root=str(tmp_path / root))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert part in done.stderr
    assert "Traceback" not in done.stderr
