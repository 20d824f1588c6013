"""``facealign doctor``: checks of a cluster before a training, each with a finding and a remedy.

A check is one function in ``checks.py``, registered there.
"""

from facealign.cluster.doctor.check import Finding, Plan, State
from facealign.cluster.doctor.examination import examine

__all__ = ["Finding", "Plan", "State", "examine"]
