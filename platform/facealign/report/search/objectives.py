"""How an objective's values are written: unit, scale, digits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """What stands on an axis.

    Attributes:
        label: Name and unit, for an axis.
        sign: After a number in running text.
        scale: Shown value over stored value.
        digits: Format of a shown value.
    """

    label: str
    sign: str
    scale: float
    digits: str

    @property
    def name(self) -> str:
        """The label without its unit."""
        return self.label.split(",")[0]

    def text(self, value: float) -> str:
        """A stored value with its unit."""
        return f"{self.scale * value:{self.digits}}{self.sign}"


_UNITS = {
    "nme": Unit("validation NME, %", " %", 100.0, ".2f"),
    "failure_rate": Unit("failure rate, %", " %", 100.0, ".2f"),
    "parameters": Unit("parameters, millions", " M", 1e-6, ".3f"),
    "macs": Unit("MACs, billions", " G", 1e-9, ".3f"),
    "latency_ms": Unit("latency, ms", " ms", 1.0, ".2f"),
}


def unit_of(objective: str) -> Unit:
    """An objective's unit; one that is not known here is shown as it is stored."""
    return _UNITS.get(objective, Unit(objective, "", 1.0, ".4g"))
