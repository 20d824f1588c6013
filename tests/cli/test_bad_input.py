"""What a user can get wrong is one message on standard error and exit status 2, never a stack trace."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from facealign.cli.main import main as facealign

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(capsys, *arguments, monkeypatch):
    monkeypatch.setattr("sys.argv", ["facealign", *arguments])
    with pytest.raises(SystemExit) as exit_:
        facealign()
    assert exit_.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert "Traceback" not in message
    return message


def edit(folder, change):
    yaml = YAML()
    tree = yaml.load(folder / "params.yaml")
    change(tree)
    yaml.dump(tree, folder / "params.yaml")


def test_the_shipped_settings_are_right(workplace, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["facealign", "check"])
    with pytest.raises(SystemExit) as exit_:
        facealign()
    assert exit_.value.code == 0
    assert "every setting is known" in capsys.readouterr().out


def test_all_errors_at_once_with_lines(workplace, monkeypatch, capsys):
    def spoil(tree):
        tree["sead"] = 1
        tree["methods"] = ["awing", "adnett"]
        tree["data"]["validation"] = "much"
        tree["method"]["awing"]["train"]["epochs"] = 0
        tree["method"]["awing"]["model"]["network"]["stacks"] = 9
        tree["cluster"]["workers"] = None

    edit(workplace, spoil)
    message = refuse(capsys, "check", monkeypatch=monkeypatch)
    assert "6 errors" in message
    for part in (
        "sead: unknown key",
        "unknown method 'adnett'; known are: adnet",
        "data.validation: Input should be a valid number (found 'much')",
        "method.awing.train.epochs",
        "method.awing.model.network.stacks",
        "cluster.workers",
    ):
        assert part in message
    text = (workplace / "params.yaml").read_text().splitlines()
    line = next(i for i, row in enumerate(text, 1) if "validation:" in row)
    assert f"params.yaml:{line}: data.validation" in message


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda t: t["data"].update(source="400w"), "source '400w' is unknown; known are: 300"),
        (lambda t: t["data"].update(source="300w", root=None), "needs `root`"),
        (lambda t: t["data"].update(landmarks="cofw29"), "has no landmarks 'cofw29'"),
        (lambda t: t["data"]["crop"].update(size=100), "multiple of 16"),
    ],
)
def test_settings_that_do_not_fit_together(workplace, monkeypatch, capsys, change, part):
    edit(workplace, change)
    assert part in refuse(capsys, "check", monkeypatch=monkeypatch)


def test_no_settings_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "params.yaml: no such file" in refuse(capsys, "check", monkeypatch=monkeypatch)


def test_a_summary_before_anything_was_made(workplace, monkeypatch, capsys):
    assert "run `make repro` first" in refuse(capsys, "summary", monkeypatch=monkeypatch)


def test_a_preview_without_shards(workplace, monkeypatch, capsys):
    assert "prepare the data first" in refuse(capsys, "data", "preview", monkeypatch=monkeypatch)


class TestRecipes:
    def test_every_recipe_fits(self, workplace, monkeypatch, capsys):
        for recipe in sorted((REPOSITORY / "recipes").glob("*.yaml")):
            monkeypatch.setattr("sys.argv", ["facealign", "apply", str(recipe)])
            with pytest.raises(SystemExit) as exit_:
                facealign()
            assert exit_.value.code == 0
            assert "→" in capsys.readouterr().out

    def test_comments_stay(self, workplace, monkeypatch, capsys):
        self.test_every_recipe_fits(workplace, monkeypatch, capsys)
        text = (workplace / "params.yaml").read_text()
        assert "size: 256" in text
        assert "# side of the network's input, px" in text

    def test_one_that_does_not_fit_changes_nothing(self, workplace, monkeypatch, capsys):
        before = (workplace / "params.yaml").read_bytes()
        (workplace / "wrong.yaml").write_text("data: {crop: {size: 257}}\n")
        assert "does not fit" in refuse(capsys, "apply", "wrong.yaml", monkeypatch=monkeypatch)
        assert (workplace / "params.yaml").read_bytes() == before
        assert sorted(p.name for p in workplace.iterdir()) == ["params.yaml", "wrong.yaml"]
