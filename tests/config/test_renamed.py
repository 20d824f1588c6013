"""An old key or command is answered with its new name."""

import pytest

from facealign.cli.main import app
from facealign.cli.renamed import RENAMED_COMMANDS, RENAMED_OPTIONS
from facealign.config import ConfigError, UserError
from facealign.workflows.settings import load_params


def test_an_old_key_of_params_names_the_new_one(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("evaluation:\n  normaliser: inter_ocular\n")
    with pytest.raises(ConfigError, match=r"params.yaml:2: evaluation.normaliser: was renamed to normalizer"):
        load_params(path)


@pytest.mark.parametrize(("old", "new"), RENAMED_COMMANDS.items())
def test_an_old_command_names_the_new_one(old, new):
    with pytest.raises(UserError, match=f"type `facealign {new}` instead"):
        app([old], standalone_mode=False)


@pytest.mark.parametrize(
    ("command", "option"), [(["describe", "adnet"], "--size laptop"), (["data", "inspect", "csv"], "--sheet")]
)
def test_an_old_option_names_the_new_one(command, option):
    with pytest.raises(UserError, match=f"write {RENAMED_OPTIONS[option]} instead"):
        app([*command, *option.split()], standalone_mode=False)
