"""The checks, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.plan import Plan
from facealign.config import Registry

CheckFunction = Callable[[Plan], Finding]


@dataclass(frozen=True)
class Check:
    """A function that looks at one thing; one that ``needs_cluster`` is left out where none answers."""

    look: CheckFunction
    needs_cluster: bool


CHECKS: Registry[Check] = Registry("check", "facealign.cluster.doctor.checks")


def check(name: str, *, needs_cluster: bool = True) -> Callable[[CheckFunction], CheckFunction]:
    """Decorator: register a check.

    A ``UserError`` that the function raises counts as a failed finding.
    """

    def put(function: CheckFunction) -> CheckFunction:
        CHECKS.register(name)(Check(function, needs_cluster))
        return function

    return put
