"""What can be known before anyone waits for a cluster: a list of checks, each with what it found and the remedy.

A check is one function in ``checks.py``, registered there.
"""

from facealign.cluster.doctor.check import Finding, Plan, State
from facealign.cluster.doctor.examination import examine

__all__ = ["Finding", "Plan", "State", "examine"]
