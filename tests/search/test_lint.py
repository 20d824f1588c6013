"""One mistake in a search file, one message at its line; many, all of them."""

import textwrap

import pytest

from facealign.config import ConfigError
from facealign.search.load import load_search

FILE = """\
name: mine
method: awing
objectives: [nme]
space:
  model.loss.name: {choices: [awing, mse]}
  model.loss.params.theta: {low: 0.1, high: 0.9, when: {model.loss.name: awing}}
  train.optimizer.lr: {low: 1.0e-4, high: 1.0e-2, log: true}
  model.network.stacks: {low: 1, high: 4, int: true}
fixed:
  train.epochs: 9
sampler: {name: tpe}
pruner: {name: asha}
budget: {trials: 30}
confirm: {top: 3, seeds: 3}
concurrency: 2
storage: null
seed: 0
"""
LR = "  train.optimizer.lr: {low: 1.0e-4, high: 1.0e-2, log: true}"
STACKS = "  model.network.stacks: {low: 1, high: 4, int: true}"
THETA = "  model.loss.params.theta: {low: 0.1, high: 0.9, when: {model.loss.name: awing}}"
LOSS = "  model.loss.name: {choices: [awing, mse]}"
CONDITIONAL = f"{LOSS}\n{THETA}\n"
FIRST = (
    "initial_trials:\n  - {model.loss.name: mse, train.optimizer.lr: 1.0e-3, model.network.stacks: 1%s}\nsampler:"
)

# (what is replaced, by what, the key that is wrong, the rule); the line is the first that is not as before.
WRONG = {
    "unknown key": ("seed: 0", "sede: 0", "sede", "unknown key; did you mean seed?"),
    "unknown key of a part": (
        "{trials: 30}",
        "{trails: 30}",
        "budget.trails",
        "unknown key; did you mean trials?",
    ),
    "unknown key of a parameter": (
        "high: 4, int",
        "hihg: 4, high: 4, int",
        "hihg",
        "unknown key; did you mean high?",
    ),
    "unknown option of a sampler": (
        "{name: tpe}",
        "{name: tpe, startups: 3}",
        "sampler.startups",
        "mean startup?",
    ),
    "missing name": ("name: mine\n", "", "name", "a value is required here"),
    "bad characters": ("name: mine", "name: My search!", "name", "should match pattern"),
    "unknown method": ("method: awing", "method: awning", "method", "unknown method 'awning'; known are: adnet"),
    "unknown path": (
        "  model.network.stacks:",
        "  model.network.stakcs:",
        "space.model.network.stakcs",
        "unknown key; did you mean stacks?",
    ),
    "unknown section": (
        "  train.optimizer.lr:",
        "  train.optimzer.lr:",
        "space.train.optimzer.lr",
        "train.optimzer: unknown key; did you mean optimizer?",
    ),
    "unknown top": (
        "model.network.stacks",
        "modle.network.stacks",
        "stacks",
        "did you mean model.network.stacks?",
    ),
    "path through a value": (
        STACKS,
        "  train.epochs.long: {low: 1, high: 4, int: true}",
        "space.train.epochs.long",
        "train.epochs is a value, not a section",
    ),
    "short float": ("1.0e-4", "1e-4", "low", "1e-4 is text for some readers of YAML; write 1.0e-4"),
    "number in quotes": ("1.0e-4", "'1e-4'", "low", "(found '1e-4'); write 1.0e-4, without quotes"),
    "neither range nor choices": (STACKS, "  model.network.stacks: 3", "space.model.network.stacks", "write {low"),
    "half a range": ("low: 1, high: 4", "low: 1", "space.model.network.stacks.high", "a value is required"),
    "low above high": ("low: 1, high: 4", "low: 4, high: 1", "stacks", "low 4 is not below high 1"),
    "low is high": ("low: 1, high: 4", "low: 2, high: 2", "stacks", "what has one value belongs under `fixed`"),
    "log from zero": ("low: 1.0e-4", "low: 0.0", "train.optimizer.lr", "log needs a low above 0 (found 0)"),
    "log and step": ("log: true", "log: true, step: 0.0033", "lr", "log and step exclude each other"),
    "step that misses high": (LR, "  train.clip_norm: {low: 1, high: 2, step: 0.3}", "clip_norm", "set high: 1.9"),
    "half an int": (
        "high: 4, int",
        "high: 4.5, int",
        "stacks",
        "int needs whole low, high and step (found 1, 4.5",
    ),
    "endless": ("high: 0.9", "high: .inf", "theta.high", "finite number"),
    "low below its bound": (
        "low: 0.1, high: 0.9",
        "low: 0.0, high: 0.9",
        "theta.low",
        "theta: Input should be gr",
    ),
    "high above its bound": ("low: 1, high: 4", "low: 1, high: 40", "stacks.high", "less than or equal to 8"),
    "fractions of a whole": (", int: true", "", "space.model.network.stacks", "valid integer (found 1.0)"),
    "choice that is none": ("[awing, mse]", "[awing, mse, rmse]", "name.choices.2", "unknown loss 'rmse'; known"),
    "choice in quotes": (
        LR,
        "  train.optimizer.lr: {choices: [1.0e-3, '2e-3']}",
        "space.train.optimizer.lr.choices.1",
        "(found '2e-3'); write 2.0e-3, without quotes",
    ),
    "choice twice": ("[awing, mse]", "[awing, mse, awing]", "model.loss.name", '"awing" is there twice'),
    "one choice": (
        STACKS,
        "  model.network.stacks: {choices: [2]}",
        "space.model.network.stacks",
        "2 is the only choice",
    ),
    "choice with a searched part": (
        STACKS,
        "  train.optimizer: {choices: [{name: adam}, {name: sgd, lr: 0.1}]}",
        "space.train.optimizer.choices.1",
        "train.optimizer.lr has a place of its own in this file",
    ),
    "condition on nothing": (
        "when: {model.loss.name: awing}",
        "when: {model.loss.nmae: awing}",
        "space.model.loss.params.theta.when.model.loss.nmae",
        "it is no parameter of `space`; did you mean model.loss.name?",
    ),
    "condition on what is fixed": (
        "when: {model.loss.name: awing}",
        "when: {train.epochs: 9}",
        "space.model.loss.params.theta.when.train.epochs",
        "it is fixed, so the condition holds always or never",
    ),
    "condition never met": (
        "when: {model.loss.name: awing}",
        "when: {model.loss.name: wing}",
        "space.model.loss.params.theta.when.model.loss.name",
        'it is never "wing"; it may be: "awing", "mse"',
    ),
    "condition on a continuum": (
        "when: {model.loss.name: awing}",
        "when: {train.optimizer.lr: 0.001}",
        "space.model.loss.params.theta.when.train.optimizer.lr",
        "and no value twice; give it a step",
    ),
    "circle": (
        LOSS,
        LOSS.replace("}", ", when: {model.network.stacks: 1}}"),
        "when",
        "they wait for each other: model.",
        (STACKS, STACKS.replace("}", ", when: {model.loss.params.theta: 0.5}}")),
        ("high: 0.9, ", "high: 0.9, step: 0.1, "),
    ),
    "conditions that exclude each other": (
        THETA,
        "  model.weight_map.weight: {low: 1, high: 4, when: {model.loss.name: mse, model.loss.params.theta: 0.5}}",
        "space.model.weight_map.weight.when",
        "no trial meets it",
        (STACKS, THETA.replace("high: 0.9", "high: 0.9, step: 0.1")),
    ),
    "first out of range": ("sampler:", FIRST.replace("stacks: 1", "stacks: 5") % "", "stacks", "5 is none of its"),
    "first of another type": (
        "sampler:",
        FIRST.replace("1.0e-3", "true") % "",
        "lr",
        "true is none of its values",
    ),
    "first unknown": (
        "sampler:",
        FIRST % ", train.batch: 8",
        "initial_trials.0.train.batch",
        "it is no parameter of `space`",
    ),
    "first fixed": (
        "sampler:",
        FIRST % ", train.epochs: 9",
        "initial_trials.0.train.epochs",
        "it is fixed; leave it out",
    ),
    "first missing": (
        "sampler:",
        FIRST.replace("name: mse", "name: awing") % "",
        "initial_trials.0",
        "model.loss.params.theta has no value; give one of: numbers from 0.1 to 0.9",
    ),
    "first inactive": (
        "sampler:",
        FIRST % ", model.loss.params.theta: 0.5",
        "initial_trials.0.model.loss.params.theta",
        'it exists only where model.loss.name is "awing"; leave it out',
    ),
    "fixed and searched": (
        "train.epochs: 9",
        "train.optimizer.lr: 0.1",
        "fixed.train.optimizer.lr",
        "under `space`",
    ),
    "in full and short": (
        STACKS,
        "  method.awing.train.optimizer.lr: {low: 1.0e-4, high: 1.0e-2}",
        "(whole file)",
        "method.awing.train.optimizer.lr is there twice",
    ),
    "fixed to what cannot be": (
        "train.epochs: 9",
        "train.epochs: 0",
        "fixed.train.epochs",
        "greater than or equal",
    ),
    "fixed unknown": ("train.epochs: 9", "train.epohcs: 9", "fixed.train.epohcs", "did you mean epochs?"),
    "objective unknown": ("[nme]", "[nme, accuracy]", "objectives.1", "Input should be 'nme', 'parameters'"),
    "objective missing": ("[nme]", "[macs]", "objectives", "nme is missing"),
    "objective twice": ("[nme]", "[nme, nme]", "objectives", "an objective is there twice", ("asha", "none")),
    "several objectives pruned": ("[nme]", "[nme, macs]", "pruner", "asha cannot judge 2 objectives"),
    "one epoch": (
        "train.epochs: 9",
        "train.epochs: 1",
        "pruner",
        "train.epochs is 1, and the first rung is after",
    ),
    "pruner later than the end": (
        "{name: asha}",
        "{name: asha, first: 9}",
        "pruner",
        "lower first or raise train.ep",
    ),
    "median later than the end": ("{name: asha}", "{name: median, warmup: 12}", "pruner", "lower warmup or raise"),
    "measured at the end": (
        "train.epochs: 9",
        "train.evaluate_every: 10",
        "pruner",
        "only the last epoch is measu",
    ),
    "unknown pruner": (
        "{name: asha}",
        "{name: ahsa}",
        "pruner",
        "unknown name 'ahsa'; known are: 'asha', 'hyperba",
    ),
    "unknown sampler": (
        "{name: tpe}",
        "{name: bayes}",
        "sampler",
        "unknown name 'bayes'; known are: 'tpe', 'cmaes'",
    ),
    "factor of one": ("{name: asha}", "{name: asha, factor: 1}", "pruner.factor", "greater than or equal to 2"),
    "budget empty": ("{trials: 30}", "{}", "budget", "nothing ends the search; give trials, hours or gpu_hours"),
    "budget of nothing": ("{trials: 30}", "{trials: 0}", "budget.trials", "greater than 0"),
    "budget of less": ("{trials: 30}", "{trials: 30, hours: -1}", "budget.hours", "greater than 0"),
    "more confirmed than tried": ("{top: 3", "{top: 31", "confirm.top", "there are only 30 trials (found 31)"),
    "one seed": ("seeds: 3", "seeds: 1", "confirm.seeds", "greater than or equal to 2"),
    "grid without end": (
        CONDITIONAL,
        "",
        "sampler",
        "a grid needs an end: give train.optimizer.lr a step or choices",
        ("{name: tpe}", "{name: grid}"),
    ),
    "grid over conditions": (
        "{name: tpe}",
        "{name: grid}",
        "sampler",
        "only some trials have (model.loss.params.th",
    ),
    "cmaes over conditions": (
        "{name: tpe}",
        "{name: cmaes}",
        "sampler",
        "cmaes knows no parameters that only some",
    ),
    "cmaes of choices": (
        THETA + "\n",
        "",
        "sampler",
        "cmaes knows numbers alone, and model.loss.name is a choice",
        ("{name: tpe}", "{name: cmaes}"),
        ("{name: asha}", "{name: none}"),
    ),
    "cmaes with a pruner": (
        CONDITIONAL,
        "",
        "sampler",
        "cmaes learns nothing from a pruned trial",
        ("{name: tpe}", "{name: cmaes}"),
    ),
    "qmc over conditions": (
        "{name: tpe}",
        "{name: qmc}",
        "sampler",
        "qmc knows no parameters that only some trials",
    ),
    "grid too large": (
        CONDITIONAL + LR,
        "  train.batch_size: {low: 8, high: 16, int: true}",
        "budget.trials",
        "the grid has 36 points, more than 30 trials",
        ("{name: tpe}", "{name: grid}"),
    ),
    "sqlite and many": ("storage: null", "storage: sqlite:///a.db", "storage", "sqlite loses what several trials"),
    "unknown storage": ("storage: null", "storage: mysql://host/a", "storage", "(found 'mysql')"),
    "data": (STACKS, "  data.seed: {low: 0, high: 4, int: true}", "space.data.seed", "the same prepared faces"),
    "cluster": (
        STACKS,
        "  cluster.workers: {choices: [1, 2]}",
        "space.cluster.workers",
        "nothing of what a trial l",
    ),
    "tracking fixed": ("train.epochs: 9", "tracking.required: true", "fixed.tracking.required", "nothing of what"),
    "evaluation": (
        STACKS,
        "  evaluation.faces: {low: 1, high: 9, int: true}",
        "faces",
        "all trials are measured al",
    ),
    "another method": (
        STACKS,
        "  method.adnet.train.ema: {low: 0.9, high: 0.99}",
        "space.method.adnet.train.ema",
        "the search is over the settings of awing",
    ),
    "seed": (STACKS, "  seed: {low: 0, high: 9, int: true}", "space.seed", "a seed is luck and no setting"),
    "epochs": (STACKS, "  train.epochs: {low: 2, high: 9, int: true}", "fixed.train.epochs", "it is searched too"),
    "measure": (
        STACKS,
        "  train.normalizer: {choices: [inter_ocular, inter_pupil]}",
        "space.train.normalizer",
        "it is what trials are measured by",
    ),
    "no setting of learning": (
        STACKS,
        "  train.loader_workers: {low: 0, high: 4, int: true}",
        "space.train.loader_workers",
        "it changes nothing of what a trial learns",
    ),
    "whole section": (STACKS, "  train: {choices: [{epochs: 3}, {epochs: 4}]}", "space.train", "all of a section"),
    "together": (
        STACKS,
        "  train.per_device_batch: {low: 8, high: 32, int: true}\n  train.batch_size: {choices: [8, 32]}",
        "space",
        "may come together, but train: per_device_batch",
    ),
}


def written(folder, *edits):
    text = FILE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "search.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def messages(path, baseline):
    with pytest.raises(ConfigError) as caught:
        load_search(path, baseline)
    return str(caught.value).splitlines()


def test_the_file_itself_is_right(tmp_path, baseline):
    assert load_search(written(tmp_path), baseline).name == "mine"


SEVERAL = {"epochs", "grid over conditions", "cmaes over conditions"}
"""What breaks more than one rule."""


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_one_message_at_its_place(name, tmp_path, baseline):
    old, new, key, rule, *more = WRONG[name]
    path = written(tmp_path, (old, new), *more)
    head, *lines = messages(path, baseline)
    assert head.endswith("1 error") or name in SEVERAL
    (found,) = (line for line in lines if rule in line)
    place, told = found.strip().split(": ", 2)[:2]
    assert told.endswith(key)
    number = int(place.removeprefix(f"{path}:"))
    line = path.read_text(encoding="utf-8").splitlines()[number - 1]
    # The deepest part of the key that the file has stands in that line; of a missing one, its section.
    parts = told.replace("method.awing.", "").split(".")
    assert any(part in line for part in parts) or (told in ("name", "(whole file)") and number == 1)


def test_all_mistakes_come_at_once(tmp_path, baseline):
    """Of form, of parts that do not fit, and of values that params.yaml does not take."""
    path = written(
        tmp_path,
        ("[awing, mse]", "[awing, rmse]"),  # a value
        (LR, "  train.optimizer.lr: {low: 1, high: 0.1}"),  # a form
        ("{trials: 30}", "{trials: 2}"),  # parts
        ("{name: tpe}", "{name: tpe, startup: many}"),
        ("concurrency: 2", "concurrency: 2\ncolor: red"),
    )
    found = "\n".join(messages(path, baseline))
    for part in ("5: space.model.loss.name.choices.1", "7: space.train.optimizer.lr", "14: confirm.top"):
        assert f"search.yaml:{part}: " in found
    for part in ("11: sampler.startup", "16: color"):
        assert f"search.yaml:{part}: " in found
    assert "search.yaml: 5 errors" in found


def test_what_depends_on_a_broken_parameter_is_not_told_too(tmp_path, baseline):
    path = written(
        tmp_path,
        (LOSS, "  model.loss.name: {choices: []}"),
        ("sampler:", FIRST.replace("mse", "awing") % ", model.loss.params.theta: 0.5"),
    )
    assert messages(path, baseline)[0].endswith("1 error")


def test_first_trials_that_break_rules_together_are_named(tmp_path, baseline):
    path = tmp_path / "search.yaml"
    text = """\
    name: batches
    method: awing
    space:
      train.batch_size: {choices: [8, 64]}
      train.per_device_batch: {choices: [8, 16]}
    initial_trials:
      - {train.batch_size: 8, train.per_device_batch: 16}
    """
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    assert "search.yaml:7: initial_trials.0: train: per_device_batch 16 is more than" in "\n".join(
        messages(path, baseline)
    )


def test_a_value_that_needs_another_one_is_right_where_that_is_conditional(tmp_path, baseline):
    """Coordinates as the objective forbid merging, so that the choice is wrong beside params.yaml alone."""
    path = tmp_path / "search.yaml"
    text = """\
    name: objective
    method: subpixel
    space:
      model.objective: {choices: [heatmaps, coordinates]}
      model.siamese.weight: {choices: [0.0], when: {model.objective: coordinates}}
    pruner: {name: none}
    """
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    assert load_search(path, baseline).space.is_conditional


def test_a_params_file_that_is_wrong_itself_is_reported_first(tmp_path):
    from facealign.workflows.search_setup import ParamsBaseline

    (tmp_path / "params.yaml").write_text("methods: [awning]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"params\.yaml:1: methods"):
        ParamsBaseline(tmp_path / "params.yaml")
