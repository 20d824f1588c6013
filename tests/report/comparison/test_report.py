"""`facealign report` on two evaluated runs and one folder of predictions made elsewhere."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.robustness import Flip, Point, Robustness, RobustnessEstimate, Shifts
from facealign.losses.adl import ADLSettings
from facealign.losses.anisotropy import AnisotropySettings, constant_anisotropy
from facealign.report.curves import write_history_csv
from facealign.report.robustness import write_robustness
from facealign.training import InputSpec, save_model
from facealign.training.checkpoint import build_method
from facealign.workflows import workspace
from facealign.workflows.report import report
from facealign.workflows.visualize import write_ellipses
from report.comparison.runs import write_run

pytestmark = pytest.mark.thorough


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data.strip())


def robustness(digest):
    one = RobustnessEstimate(mean=0.04, interval=(0.03, 0.05))
    curves = {"rotation": tuple(Point(strength=s, nme=one, rise=one, failure_rate=0.1) for s in (10.0, 20.0))}
    return Robustness(
        method="awing",
        config_hash="c",
        data_digest=digest,
        fold="test",
        faces=6,
        seed=0,
        normalizer="inter_ocular",
        failure_threshold=0.1,
        plain=one,
        plain_failure_rate=0.0,
        curves=curves,
        shifts=Shifts(pixels=one, share=one),
        flip=Flip(share=one, nme=one, nme_of_mean=one),
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_shards, tiny_job):
    """A project with a trained and measured method, another one, and predictions from elsewhere."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "OUTPUTS", folder / "outputs")
        for name, spread in (("awing", 1.0), ("scc", 2.0)):
            write_run(workspace.evaluated(name).metrics.parent, tiny_shards, spread, seed=len(name))
        write_run(folder / "elsewhere", tiny_shards, 3.0, seed=9, faces=4)
        index = ShardReader(tiny_shards, "test").index
        write_robustness(workspace.evaluated("awing").metrics.parent, robustness(index.digest))
        faces = InputSpec(crop=index.crop, landmarks=index.landmarks)
        save_model(workspace.trained("awing").model, build_method(tiny_job, faces), tiny_job, faces)
        record = {"epoch": 1, "loss": 2.0, "validation_nme": 0.05, "lr": 0.1, "images_per_second": 9.0}
        write_history_csv(workspace.trained("awing").history, [record | {"seconds": 3600.0}])
        yield folder


@pytest.fixture(scope="module")
def page(project, tiny_shards):
    out = project / "report"
    assert report(["awing", "scc", str(project / "elsewhere")], tiny_shards, out, 2, True) == out / "report.html"
    return (out / "report.html").read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_from_outside_and_has_no_script(page):
    for tag, attributes in Page(page).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert attributes.get("src", "data:image/").startswith("data:image/")
        assert attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    for word in ("url(", "@import", "http:", "https:"):
        assert word not in page


def test_every_picture_is_on_the_page_with_words_and_beside_it(page, project):
    images = [attributes for tag, attributes in Page(page).tags if tag == "img"]
    assert all(len(image["alt"]) > 20 for image in images)
    files = {path.name for path in (project / "report" / "pictures").iterdir()}
    runs = ("awing", "scc", "elsewhere")
    assert files == {
        "ced.png", "robustness.png", "training-awing.png",
        *(f"errors-{run}.png" for run in runs),
        *(f"ellipses-{run}.png" for run in runs),
        *(f"faces-{run}.jpeg" for run in runs),
    }  # fmt: skip
    assert len(images) == len(files)


def test_what_it_says(page, project):
    text = " ".join(Page(page).words)
    evaluation = json.loads((workspace.evaluated("awing").metrics).read_text())
    mean, low, high = (f"{100 * part:.2f}" for part in evaluation["figures"]["test"]["full"]["nme"])
    assert f"awing has the lowest NME: {mean} % of the inter-ocular distance ({low} – {high}) on 6 faces" in text
    assert "scc: +" in text
    assert "statistically significant" in text
    assert "minus awing" in text
    assert "training, hours 1" in " ".join(text.split())
    headings = [
        "Metrics",
        "Against the best run",
        "Error distribution",
        "Where the errors are",
        "Error ellipses",
        "Best and worst faces",
        "Robustness",
        "Training",
        "Cost",
        "Lineage",
    ]
    places = [text.index(f" {heading} ") for heading in headings]
    assert places == sorted(places)


def test_without_shards_the_faces_are_left_out_with_a_sentence(project, tmp_path):
    out = report(["scc"], tmp_path / "nowhere", tmp_path / "out", 2, False)
    text = " ".join(Page(out.read_text(encoding="utf-8")).words)
    assert "Left out:" in text
    assert "nowhere" in text
    assert not list((tmp_path / "out" / "pictures").glob("faces*"))


def test_hidden_landmarks_that_did_not_count_do_not_count_here(project, tiny_shards, tmp_path):
    _, errors = write_run(tmp_path / "run", tiny_shards, 2.0, seed=4, hidden=range(50, 60))
    out = report([str(tmp_path / "run")], tiny_shards, tmp_path / "out", 2, False)
    text = " ".join(Page(out.read_text(encoding="utf-8")).words)
    assert "in pixels of the photos, over the landmarks that are not hidden." in text
    assert f"half of the faces below {np.median(errors):.2%}" in out.read_text(encoding="utf-8")
    with pytest.raises(
        UserError, match=r"different evaluation.landmarks: .*run visible, scc known; evaluate them"
    ):
        report([str(tmp_path / "run"), "scc"], tiny_shards, tmp_path / "both", 2, False)


def test_what_cannot_be_reported(project, tiny_shards, tmp_path):
    with pytest.raises(
        UserError, match=r"nothing: neither a run in .*\(awing, scc\) nor a folder with test.arrow"
    ):
        report(["nothing"], tiny_shards, tmp_path, 2, False)
    with pytest.raises(UserError, match="one is named twice"):
        report(["scc", "scc"], tiny_shards, tmp_path, 2, False)
    other = tmp_path / "other"
    write_run(other, tiny_shards, 1.0, seed=1)
    told = json.loads((other / "evaluation.json").read_text())
    for change, message in (
        (
            {"normalizer": "box"},
            "different evaluation.normalizer: scc inter_ocular, .*other box; evaluate them alike",
        ),
        ({"figures": {}}, "has no metrics with intervals"),
    ):
        (other / "evaluation.json").write_text(json.dumps(told | change))
        with pytest.raises(UserError, match=message):
            report(["scc", str(other)], tiny_shards, tmp_path, 2, False)
    told["figures"]["test"]["full"]["nme"][0] += 0.01
    (other / "evaluation.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match="the two are of different evaluations"):
        report([str(other)], tiny_shards, tmp_path, 2, False)


def test_lambdas_are_what_the_loss_reads(project, tmp_path, tiny_shards):
    out = tmp_path / "lambda.json"
    line = write_ellipses("scc", "test", out)
    assert "λ of 68 landmarks from 6 faces" in line
    told = json.loads(out.read_text())
    settings = AnisotropySettings.model_validate({"strategy": "per_landmark", "ellipses": str(out)})
    loss = ADLSettings(anisotropy=settings)
    schema = ShardReader(tiny_shards, "test").index.landmarks
    strengths = constant_anisotropy(loss.anisotropy, schema)
    assert strengths.tolist() == pytest.approx(told["lambda"], rel=1e-3)
    assert min(told["lambda"]) >= 1
    with pytest.raises(UserError, match="fold 'train': runs are measured on test and val"):
        write_ellipses("scc", "train", out)
    with pytest.raises(UserError, match="there is no such file of measured faces"):
        write_ellipses("scc", "val", out)
