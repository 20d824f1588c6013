"""`facealign predict`, from photos of synthetic faces to files, with an untrained network."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from facealign.cli.main import main as facealign
from facealign.data.images import encode
from facealign.data.shards.index import Index
from facealign.data.sources.pts import read_pts
from facealign.data.synthetic import draw_face
from facealign.geometry import affine, landmark_box
from facealign.inference.aligner import crop_frame, cut
from facealign.inference.video import VideoWriter, open_video
from facealign.training import InputSpec, load_model, save_model
from methods.small import SMALL, small_method
from tracking.conftest import with_facealign

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def model(tiny_shards, tiny_job, tmp_path_factory):
    index = Index.load(tiny_shards)
    folder = tmp_path_factory.mktemp("predict") / "model"
    job = tiny_job.model_copy(update={"method": "anisotropic", "model": SMALL["anisotropic"]})
    save_model(folder, small_method("anisotropic"), job, InputSpec(crop=index.crop, landmarks=index.landmarks))
    return folder


@pytest.fixture(scope="module")
def drawn_faces():
    return [draw_face(0, i, "ibug68", 96) for i in range(3)]


@pytest.fixture
def folder(tmp_path, drawn_faces):
    """Three photos, one of them broken, and the boxes of the faces on the others."""
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    boxes = {}
    for name, face in zip(("a.png", "deep/b.png"), drawn_faces, strict=False):
        (photos / name).write_bytes(encode(face.image, "png", 0))
        boxes[name] = [landmark_box(face.points).tolist()]
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    return tmp_path


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["facealign", "predict", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        facealign()
    return exit_.value.code


def _direct(model, image, box):
    """Crop, network, and back, by hand."""
    loaded = load_model(model)
    crop = loaded.card.faces.crop
    with torch.no_grad():
        found = loaded.method.decode(loaded.method(torch.from_numpy(cut(image, box, crop))[None]))[0].numpy()
    return affine.apply(affine.invert(crop_frame(box, crop)), found)


@pytest.mark.parametrize("form", ["json", "csv", "pts"])
def test_a_folder(folder, model, drawn_faces, form, monkeypatch, capsys):
    arguments = [folder / "photos", "--model", model, "--boxes", folder / "boxes.json", "--out", folder / "out"]
    assert run(monkeypatch, *arguments, "--format", form, *(["--draw"] if form == "json" else [])) == 1
    told = capsys.readouterr()
    assert "2 faces on 2 images" in told.out
    assert "1 could not be used" in told.out
    assert "photos/broken.jpg: is not an image" in told.err
    expected = [_direct(model, face.image, landmark_box(face.points)) for face in drawn_faces[:2]]
    if form == "json":
        photos = json.loads((folder / "out" / "landmarks.json").read_text())["photos"]
        assert [photo["photo"] for photo in photos] == ["a.png", "deep/b.png"]
        found = [photo["faces"][0]["landmarks"] for photo in photos]
        picture = cv2.imread(str(folder / "out" / "drawn" / "deep" / "b.jpg"))
        assert picture.shape == drawn_faces[1].image.shape
        assert np.abs(picture[..., ::-1].astype(int) - drawn_faces[1].image).max() > 50
    elif form == "csv":
        rows = (folder / "out" / "landmarks.csv").read_text().splitlines()[1:]
        found = [np.array(row.split(",")[6:], dtype=float).reshape(-1, 2) for row in rows]
    else:
        schema = load_model(model).card.faces.landmarks
        files = [folder / "out" / name for name in ("a.pts", "deep/b.pts")]
        found = [read_pts(file, file.name, schema) - 1 for file in files]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_video_with_smoothing(tmp_path, model, drawn_faces, monkeypatch, capsys):
    video = VideoWriter(tmp_path / "clip.mp4", 10)
    for face in drawn_faces:
        video.write(face.image)
    video.close()
    rows = [f"{i},20,20,80,80" for i in range(2)]
    (tmp_path / "boxes.csv").write_text("\n".join(["photo,x0,y0,x1,y1", *rows]))
    arguments = [
        tmp_path / "clip.mp4",
        "--model",
        model,
        "--boxes",
        tmp_path / "boxes.csv",
        "--out",
        tmp_path / "out",
    ]
    assert run(monkeypatch, *arguments, "--smooth", "--draw") == 0
    assert "no face found on 1: 2" in capsys.readouterr().out
    frames = json.loads((tmp_path / "out" / "landmarks.json").read_text())["photos"]
    assert [[face["face"] for face in frame["faces"]] for frame in frames] == [[0], [0], []]
    with open_video(tmp_path / "out" / "drawn" / "clip.mp4") as drawn:
        assert len(list(drawn.frames())) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--model", "MODEL"], "nowhere: there is no such file or folder"),
        (["photos", "--model", "nowhere"], "nowhere: holds no model"),
        (
            ["photos/broken.jpg", "--model", "MODEL", "--boxes", "boxes.json"],
            "photos/broken.jpg: is not an image",
        ),
        (["photos", "--model", "MODEL", "--runtime", "onnx"], "write it with `facealign export"),
        (["photos", "--model", "MODEL", "--boxes", "nowhere.csv"], "nowhere.csv: cannot be read"),
    ],
)
def test_what_cannot_be_is_one_message(folder, model, arguments, said, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert run(monkeypatch, *[str(model) if argument == "MODEL" else argument for argument in arguments]) == 2
    assert said in capsys.readouterr().err


def test_importing_it_brings_in_no_torch():
    script = "import sys, facealign.inference as i; sys.exit(bool({'torch', 'mlflow', 'ray'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], env=with_facealign(), check=False).returncode == 0
