"""`facealign describe`: sizes as the papers print them, options by dotted path, sources of choices."""

import json

import pytest

from facealign.cli.main import main as facealign
from facealign.methods import METHODS

pytestmark = pytest.mark.thorough

BASELINE = ["attention=none", "landmark_loss.name=smooth_l1"]
STATIC = ["network.graph.weights=static"]

METRICS = [
    # method, schema, --set, M parameters, GMAC, tolerance of GMAC as a share; None where nobody gives a metric
    ("adnet", "ibug68", [], 13.37, 16.90, 0.005),
    ("adnet", "ibug68", BASELINE, 13.23, 16.33, 0.005),
    ("adnet", "ibug68", ["network.stacks=1"], 3.54, 5.71, 0.005),
    ("awing", "wflw98", [], 24.15, 26.71, 0.001),
    ("awing", "wflw98", ["network.stacks=1"], 6.33, 8.73, 0.001),
    ("awing", "ibug68", [], 24.10, 26.49, 0.001),
    ("subpixel", "ibug68", [], 12.11, 13.92, 0.001),
    ("scc", "wflw98", STATIC, 24.68, 5.165, 0.01),
    # The authors' graph has 470 edges where Eq. 5 has 392, and so 24.84 M.
    ("scc", "wflw98", [], 24.83, 5.165, 0.01),
    ("anisotropic", "ibug68", [], 23.79, None, None),
]
"""At 256 px: the papers' own metrics, and those measured of their authors' code."""


def describe(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["facealign", "describe", *arguments])
    with pytest.raises(SystemExit) as exit_:
        facealign()
    captured = capsys.readouterr()
    return exit_.value.code, captured.out, captured.err


@pytest.mark.parametrize(("method", "schema", "changes", "millions", "giga", "tolerance"), METRICS)
def test_sizes_are_the_papers(monkeypatch, capsys, method, schema, changes, millions, giga, tolerance):
    sets = [part for change in changes for part in ("--set", change)]
    code, out, _ = describe(monkeypatch, capsys, method, "--schema", schema, "--preset", "paper", "--json", *sets)
    assert code == 0
    found = json.loads(out)
    assert isinstance(found["parameters"], int)
    assert isinstance(found["macs"], int)
    assert round(found["parameters"] / 1e6, 2) == millions
    assert giga is None or found["macs"] / 1e9 == pytest.approx(giga, rel=tolerance)


@pytest.mark.parametrize("method", list(METHODS))
def test_every_source_names_an_option(monkeypatch, capsys, method):
    code, out, _ = describe(monkeypatch, capsys, method, "--json")
    assert code == 0
    found = json.loads(out)
    options = found["options"]
    for path in METHODS[method].sources:
        assert any(option == path or option.startswith(f"{path}.") for option in options), path
    assert METHODS[method].sources
    assert found["outputs"]["landmarks"] == "(B, 68, 2) float32, crop pixels"
    code, out, _ = describe(monkeypatch, capsys, method)
    assert code == 0
    assert "GMAC" in out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["awin"], "unknown method 'awin'"),
        (["awing", "--set", "network.stacks"], "write key=value"),
        (["awing", "--set", "network.stacks=9"], "network.stacks: Input should be less than or equal to 8"),
        (["awing", "--set", "attention=none"], "attention: Extra inputs"),
        (["awing", "--schema", "ibug69"], "unknown schema 'ibug69'"),
        (["awing", "--set", "loss.name.x=1", "--set", "loss.name=mse", "--set", "loss.name.y=2"], "not a section"),
    ],
)
def test_mistakes_are_one_message(monkeypatch, capsys, arguments, part):
    code, _, err = describe(monkeypatch, capsys, *arguments)
    assert code == 2
    assert part in err
