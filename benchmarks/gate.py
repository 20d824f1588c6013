"""The gate's decisions on cases whose answer is known, and how often it is wrong about models that are equal.

    python benchmarks/gate.py            the table of docs/explanation/promotion-gate.md
    python benchmarks/gate.py wrong      [--samples 1000] false promotions and false refusals, by photos

The errors of a face are the face's own difficulty (log-normal, heavy at its end as measured errors are) times what
a model makes of it (log-normal too), so that two models are paired as real ones are: a hard face is hard for both.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.registry.config import GateLimits
from facealign.registry.decision import Decision, Rule, decide, sentence

Errors = NDArray[np.float64]
Groups = dict[str, NDArray[np.bool_]]
THRESHOLD = 0.10


@dataclass(frozen=True)
class Faces:
    """Faces of a test fold: what is hard about each, the photos, and the sets they are in."""

    rng: np.random.Generator
    difficulty: Errors
    photos: list[str]
    groups: Groups

    def model(self, factor: float | Errors = 1.0, spread: float = 0.3) -> Errors:
        """(F,) NME of a model whose errors are ``factor`` times those of the plain one, on the whole."""
        own = self.rng.lognormal(-(spread**2) / 2, spread, len(self.difficulty))
        return self.difficulty * own * factor


def faces(count: int = 600, seed: int = 0, tail: float = 0.45, per_photo: int = 1) -> Faces:
    """Faces with a mean NME of 4 %, about a quarter of them of an attribute, 20 of a rare one."""
    rng = np.random.default_rng(seed)
    difficulty = rng.lognormal(np.log(0.04) - tail**2 / 2, tail, count)
    photos = [f"{face // per_photo}" for face in range(count)]
    groups = {
        "subset challenge": np.arange(count) % 4 == 0,
        "attribute blur": rng.random(count) < 0.3,
        "attribute rare": np.arange(count) < 20,
    }
    return Faces(rng, difficulty, photos, groups)


@dataclass(frozen=True)
class Case:
    """Candidate and champion on faces, and the rule that is to decide."""

    name: str
    errors: Callable[[Faces], tuple[Errors, Errors]]
    rule: Rule
    among: Callable[[], Faces] = faces

    def decision(self, limits: GateLimits) -> Decision:
        """Return the gate's decision on the case."""
        among = self.among()
        candidate, champion = self.errors(among)
        return decide(candidate, champion, among.photos, among.groups, THRESHOLD, limits)


def _better(factor: float, spread: float = 0.3) -> Callable[[Faces], tuple[Errors, Errors]]:
    return lambda among: (among.model(factor, spread), among.model(1.0, spread))


def _on(group: str, there: float, elsewhere: float) -> Callable[[Faces], tuple[Errors, Errors]]:
    return lambda among: (among.model(np.where(among.groups[group], there, elsewhere)), among.model())


def _identical(among: Faces) -> tuple[Errors, Errors]:
    errors = among.model()
    return errors, errors


def _rounded(among: Faces) -> tuple[Errors, Errors]:
    errors = among.model()
    return errors * (1 - 1e-6), errors


def _with_failures(among: Faces) -> tuple[Errors, Errors]:
    errors = among.model(0.85)
    return np.where(np.arange(len(errors)) % 25 == 0, 0.12, errors), among.model()


def _one_spoilt(among: Faces) -> tuple[Errors, Errors]:
    errors = among.model(0.97)
    return errors, np.where(np.arange(len(errors)) == 0, 20.0, among.model())


CASES = (
    Case("better by a tenth", _better(0.9), "better"),
    Case("better by a tenth, three faces a photo", _better(0.9), "better", lambda: faces(per_photo=3)),
    Case("worse by a tenth", _better(1.1), "no better"),
    Case("equal, another seed", _better(1.0), "no better"),
    Case("the same model again", _identical, "no better"),
    Case("the same model, rounded otherwise", _rounded, "no better"),
    Case("better by 2 %: too little for 600 faces", _better(0.98), "no better"),
    Case("better by 2 % on 6000 faces", _better(0.98), "better", lambda: faces(6000)),
    Case("better on the whole, worse on blur", _on("attribute blur", 1.3, 0.7), "worse somewhere"),
    Case("better, and worse on a set of 20", _on("attribute rare", 2.0, 0.85), "better"),
    Case("better NME, more failures", _with_failures, "worse somewhere"),
    Case("first: against a mean shape of 17 %", lambda among: (among.model(), among.model(4.25)), "better"),
    Case("first, and has learned nothing", lambda among: (among.model(4.25), among.model(4.25)), "no better"),
    Case("30 photos", _better(0.5), "too few photos", lambda: faces(30)),
    Case("heavy tails, better by a tenth", _better(0.9, 0.8), "no better", lambda: faces(tail=1.2)),
    Case("heavy tails, better by half", _better(0.5, 0.8), "better", lambda: faces(tail=1.2)),
    Case("one face of the champion's 20 heads off", _one_spoilt, "no better"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("table", "wrong"), default="table")
    parser.add_argument("--samples", type=int, default=1000, help="of faces, for each line of `wrong`")
    arguments = parser.parse_args()
    if arguments.what == "table":
        _table()
    else:
        _wrong(arguments.samples)


def _table() -> None:
    print("| case | faces | NME of candidate, champion | difference, 95 % | p | decision |")
    print("|---|---|---|---|---|---|")
    for case in CASES:
        decision = case.decision(GateLimits())
        nme = decision.nme
        interval = "" if nme.low is None or nme.high is None else f"{100 * nme.low:+.2f} to {100 * nme.high:+.2f}"
        worse = ", ".join(f"{one.set} ({one.figure}, p {one.p:.2g})" for one in decision.worse)
        said = "**promoted**" if decision.promoted else decision.rule + (f": {worse}" if worse else "")
        p = "" if nme.p is None else f"{nme.p:.2g}"
        print(f"| {case.name} | {nme.faces} | {nme.candidate:.2%}, {nme.rival:.2%} | {interval} | {p} | {said} |")
        assert decision.rule == case.rule, sentence(decision, "champion")


def _wrong(samples: int) -> None:
    """How often a model takes the place of its equal, and how often a better one is refused for a subset."""
    limits = GateLimits(repeats=1000)
    print("| photos | equal ones promoted | better everywhere, refused for a subset |")
    print("|---|---|---|")
    for photos in (50, 100, 300, 1000):
        promoted = refused = 0
        for seed in range(samples):
            among = faces(photos, seed)
            equal = decide(among.model(), among.model(), among.photos, among.groups, THRESHOLD, limits)
            promoted += equal.promoted
            better = decide(among.model(0.8), among.model(), among.photos, among.groups, THRESHOLD, limits)
            refused += better.rule == "worse somewhere"
        print(f"| {photos} | {promoted / samples:.1%} | {refused / samples:.1%} |")


if __name__ == "__main__":
    main()
