from __future__ import annotations

from pathlib import Path

import optuna
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def baseline():
    """The repository's own params.yaml."""
    from facealign.workflows.search_setup import ParamsBaseline

    return ParamsBaseline(REPOSITORY / "params.yaml")


@pytest.fixture(autouse=True)
def quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)
