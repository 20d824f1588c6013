import os
import subprocess
import sys
from pathlib import Path

from facealign.tracking.environment import DEFAULTS

PACKAGE = Path(__file__).resolve().parents[2] / "platform"
CODE = """
import facealign.tracking, os, sys
print("mlflow" in sys.modules, os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
"""


def _said(environment):
    environment = {"PYTHONPATH": str(PACKAGE), **environment}
    return subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_tracking_sets_defaults_and_leaves_mlflow_alone():
    assert _said({}) == ["False", "2"]


def test_what_the_user_set_stays():
    assert _said({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5"}) == ["False", "5"]


def test_defaults_hold_in_this_process():
    assert all(name in os.environ for name in DEFAULTS)
