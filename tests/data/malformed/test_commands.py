"""Damaged data sets, whole: through the commands that a user runs, and through preparing."""

import csv
import os

import pytest

from data.malformed.data_sets import DATA_SETS
from data.malformed.guard import LONGEST_MESSAGE, guarded
from data.malformed.matlab_files import OTHER
from data.malformed.test_pictures import DAMAGES as PICTURES
from data.malformed.texts import ANY
from facealign.cli.main import main as facealign
from facealign.config import UserError
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.reader import ShardReader

TEXTS = ["empty", "half", "noise", "terminal codes", "utf-16", "a very long line"]
LOST = ["missing", "empty", "half", "text", "1 × 1", "a pipe", "a link to itself", "30 000 × 30 000"]


def _damaged(copy, source, role, kind):
    """A copy with damage to its one file of that role: ``picture``, ``own`` or ``table``; its root."""
    root = copy(source)
    path = root / getattr(DATA_SETS[source], role)
    if role == "picture":
        PICTURES[kind][0](path)
    else:
        data = path.read_bytes()
        path.write_bytes(OTHER[kind](data, root / "canary") if path.suffix == ".mat" else ANY[kind].apply(data))
    return root


@pytest.fixture
def run(monkeypatch, capfd):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["facealign", *map(str, arguments)])
        with guarded(), pytest.raises(SystemExit) as exit_:
            facealign()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert all(char.isprintable() or char in "\n\r" for char in out + err)
        return exit_.value.code, out, err

    return call


@pytest.mark.parametrize(
    ("source", "role", "kind"),
    [
        *(("300w", "picture", kind) for kind in LOST),
        *(("300w", "own", kind) for kind in TEXTS),
        *((source, "table", kind) for source in ("csv", "coco", "wflw") for kind in TEXTS),
        *((source, "table", kind) for source in ("lsp", "cofw") for kind in ("a pickle", "empty", "half")),
    ],
)
def test_inspecting(copy, run, source, role, kind):
    """Exit status 0 where faces are left, 2 and one message where none are."""
    root = _damaged(copy, source, role, kind)
    one = DATA_SETS[source]
    options = [part for key, value in one.options.items() for part in ("--set", f"{key}={value}")]
    code, out, err = run("data", "inspect", source, root, "--landmarks", one.landmarks, *options)
    if code == 0:
        assert " usable, " in out
    else:
        assert code == 2
        message = err[err.index("error: ") :]
        assert 20 < len(message.replace(str(root), "")) < LONGEST_MESSAGE


def test_a_strange_name_is_shown_escaped(copy, run):
    root = copy("csv")
    path = root / "train.csv"
    path.write_bytes(path.read_bytes().replace(b"photos/b/001.png", b"photos/\x1b[31m\x07.png", 1))
    code, out, _ = run("data", "inspect", "csv", root, "--landmarks", "ibug68")
    assert code == 0
    assert r"photos/\x1b[31m\x07.png" in out


@pytest.fixture
def settings():
    """Of a damaged data set: one photo steers, others train."""
    private = DATA_SETS["300w"]._replace(options={"split": "private"})

    def make(root, **changes):
        return private.settings(root, **{"validation": 0.5, "seed": 0, "max_quarantined": 0.5, **changes})

    return make


@pytest.mark.parametrize("kind", LOST)
def test_preparing_reports_what_it_leaves_out(copy, settings, tmp_path, kind):
    """One row of the report; all other faces are prepared. A second time, with nothing changed, as well."""
    chosen = settings(_damaged(copy, "300w", "picture", kind))
    others = {sample.id for sample in chosen.open_source().samples()} - {"afw/100_1"}
    for _ in range(2):
        with guarded():
            report = prepare(chosen, tmp_path / "shards")
        with open(tmp_path / "shards/quarantine.csv", newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert [list(row) for row in rows] == [["id", "place", "reason"]]
        assert rows[0]["id"] == "afw/100_1"
        assert all(text and text.isprintable() for text in rows[0].values())
        readers = [ShardReader(tmp_path / "shards", fold) for fold in report.index.folds]
        assert {labels.id for reader in readers for labels in reader.labels()} == others


@pytest.mark.parametrize("kind", ["empty", "noise", "half"])
def test_preparing_refuses_too_much_damage(copy, settings, tmp_path, kind):
    root = _damaged(copy, "300w", "own", kind)
    with guarded(), pytest.raises(UserError, match="1 of 8 samples") as caught:
        prepare(settings(root, max_quarantined=0.1), tmp_path / "shards")
    assert "Fix them" in str(caught.value)
    assert "quarantine.csv" in os.listdir(tmp_path / "shards")


@pytest.mark.parametrize(("kind", "allowed", "status"), [("half", 0.5, 0), ("half", 0.01, 2), ("a pipe", 0.01, 2)])
def test_writing_shards(copy, run, tmp_path, kind, allowed, status):
    (tmp_path / "params.yaml").write_text("data: {}\n", encoding="utf-8")
    root = _damaged(copy, "300w", "picture", kind)
    changes = [f"data.max_quarantined={allowed}", "data.validation=0.5", "data.seed=0", "data.crop.size=32"]
    options = [part for change in [*changes, "data.300w.split=private"] for part in ("--set", change)]
    code, out, err = run(
        *("shards", "write", "300w", root, tmp_path / "shards", "--params", tmp_path / "params.yaml"),
        *("--workers", 1, *options),
    )
    assert code == status, err
    if status == 0:
        assert "1 samples were left out" in out
    else:
        assert "1 of 8 samples" in err
