"""Consistency checks that any set of metrics must pass; they also find wrong cells of published tables.

Of one set of faces, for thresholds t < u:

1. FR·faces is a whole number, and 0 ≤ FR_u ≤ FR_t ≤ 1.
2. 1 − NME/t ≤ AUC_t ≤ 1 − FR_t, and NME ≥ t·FR_t.
3. u·AUC_u − t·AUC_t, the area under the CED between t and u, is between (u − t)(1 − FR_t) and (u − t)(1 − FR_u).
4. √(normal² + tangent²) ≤ NME ≤ normal + tangent, all three over the landmarks that have a direction, and
   bias rate = (tangent − normal)/normal.
5. The chosen NME is also reported under its normalizer's name; the ends of an interval are in order.

Between sets: a partition's faces add up, and NME, FR and AUC of all faces are the means of the subsets', weighted
by their faces (300W: Full = (554·Common + 135·Challenging)/689). Where every landmark counted, the NME is the mean
of the landmarks'. And with the errors themselves at hand: NME is their mean, FR the share above t, and AUC the
integral of their CED, here summed step by step, so by another way than ``metrics.auc`` goes.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9


class InconsistentMetrics(AssertionError):
    """Metrics contradict each other: the program that computed them is wrong, or they were changed since."""


def require_consistency(metrics: Mapping[str, Any], nme_F: NDArray[np.float64] | None = None) -> None:
    """Check the metrics of a fold, as ``compute_metrics`` returns them and a file has them.

    Args:
        metrics: Of the fold.
        nme_F: (F,) the errors that they are of, by the chosen normalizer; None: the metrics are checked among
            themselves.

    Raises:
        InconsistentMetrics: Names every identity that is broken, with the numbers.
    """
    parts = {"full": metrics["full"]} | {
        f"{kind}/{name}": part for kind in ("subsets", "attributes") for name, part in metrics[kind].items()
    }
    broken = [f"{name}: {what}" for name, part in parts.items() for what in _of_set(part)]
    broken += [f"edges/{name}: {what}" for name, part in metrics["edges"].items() for what in _of_directions(part)]
    broken += _of_partition(metrics["full"], metrics["subsets"])
    broken += _of_landmarks(metrics)
    if nme_F is not None:
        broken += _of_errors(metrics["full"], nme_F)
    if broken:
        raise InconsistentMetrics("metrics that contradict each other:\n" + "\n".join(broken))


def _of_set(part: Mapping[str, Any]) -> Iterator[str]:
    value = _values(part)
    faces, nme, thresholds = part["faces"], value["nme"], _thresholds(part)
    if not any(name.startswith("nme_") and _equal(value[name], nme) for name in value):
        yield f"nme {nme} is reported under no normalizer's name"
    for t in thresholds:
        fr, auc = value[f"fr_{_name(t)}"], value[f"auc_{_name(t)}"]
        if not _equal(fr * faces, round(fr * faces)):
            yield f"fr_{_name(t)} {fr} of {faces} faces is {fr * faces} faces, which is no whole number"
        if not _ordered(1 - nme / t, auc, 1 - fr):
            yield f"auc_{_name(t)} {auc} is not between 1 − NME/t = {1 - nme / t} and 1 − FR = {1 - fr}"
        if not _ordered(t * fr, nme):
            yield f"nme {nme} is below t·FR = {t * fr} at {_name(t)} %"
    for t, u in itertools.pairwise(thresholds):
        (fr_t, auc_t), (fr_u, auc_u) = ((value[f"fr_{_name(at)}"], value[f"auc_{_name(at)}"]) for at in (t, u))
        area = u * auc_u - t * auc_t
        if not _ordered(0, fr_u, fr_t, 1):
            yield f"fr_{_name(t)} {fr_t} and fr_{_name(u)} {fr_u}: the second may not be larger"
        if not _ordered((u - t) * (1 - fr_t), area, (u - t) * (1 - fr_u)):
            yield f"auc_{_name(t)} {auc_t} and auc_{_name(u)} {auc_u}: the CED between them has the area {area}"
    yield from _of_directions(part)


def _of_directions(part: Mapping[str, Any]) -> Iterator[str]:
    """Check the directional errors, and that the ends of intervals are in order."""
    value = _values(part)
    if "edge_nme" in value:
        whole, normal, tangent = (value[name] for name in ("edge_nme", "normal_nme", "tangent_nme"))
        if not _ordered(math.hypot(normal, tangent), whole, normal + tangent):
            yield (
                f"edge_nme {whole} is not between √(normal² + tangent²) = {math.hypot(normal, tangent)} and "
                f"normal + tangent = {normal + tangent}"
            )
        if "bias_rate" in value and not _equal(value["bias_rate"] * normal, tangent - normal):
            yield f"bias_rate {value['bias_rate']} is not (tangent − normal)/normal = {tangent / normal - 1}"
    for name, figure in part.items():
        if isinstance(figure, list) and not _ordered(figure[1], figure[2]):
            yield f"{name}: the interval from {figure[1]} to {figure[2]} ends before it begins"


def _of_partition(full: Mapping[str, Any], subsets: Mapping[str, Any]) -> Iterator[str]:
    if not subsets:
        return
    total = sum(part["faces"] for part in subsets.values())
    if total != full["faces"]:
        yield f"the subsets have {total} faces, and full has {full['faces']}"
        return
    whole, parts = _values(full), {name: _values(part) for name, part in subsets.items()}
    for name in whole:
        if not name.startswith(("nme", "fr_", "auc_")) or name in ("nme_visible", "nme_hidden"):
            continue
        weighted = sum(subsets[subset]["faces"] * parts[subset][name] for subset in subsets) / total
        if not _equal(weighted, whole[name]):
            yield f"{name} {whole[name]} is not the mean of the subsets', {weighted}, weighted by their faces"


def _of_landmarks(metrics: Mapping[str, Any]) -> Iterator[str]:
    if metrics["complete"] != [True]:
        return
    mean = sum(figure[0] for figure in metrics["landmarks"]) / len(metrics["landmarks"])
    if not _equal(mean, metrics["full"]["nme"][0]):
        yield f"full: nme {metrics['full']['nme'][0]} is not the mean of the landmarks', {mean}"


def _of_errors(full: Mapping[str, Any], nme_F: NDArray[np.float64]) -> Iterator[str]:
    value = _values(full)
    expected = {"nme": float(nme_F.mean())}
    for t in _thresholds(full):
        expected |= {f"fr_{_name(t)}": float((nme_F > t).mean()), f"auc_{_name(t)}": _area(nme_F, t) / t}
    for name, number in expected.items():
        if not _equal(value[name], number):
            yield f"full: {name} {value[name]} is not {number}, what the errors of the faces give"


def _area(nme_F: NDArray[np.float64], limit: float) -> float:
    """∫₀ᵗ CED: the staircase, step by step."""
    steps = np.concatenate([[0.0], np.sort(nme_F[nme_F < limit]), [limit]])
    return float(np.dot(np.diff(steps), np.arange(len(steps) - 1)) / len(nme_F))


def _values(part: Mapping[str, Any]) -> dict[str, float]:
    return {name: figure[0] for name, figure in part.items() if isinstance(figure, list)}


def _thresholds(part: Mapping[str, Any]) -> list[float]:
    return sorted(float(name.removeprefix("fr_")) / 100 for name in part if name.startswith("fr_"))


def _name(threshold: float) -> str:
    return f"{100 * threshold:g}"


def _equal(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)


def _ordered(*numbers: float) -> bool:
    return all(a <= b + _ROUNDING for a, b in itertools.pairwise(numbers))
