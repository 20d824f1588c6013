"""``facealign doctor``: checks of a cluster before a training, each with a finding and a remedy.

A check is one function in ``checks.py``, registered there.
"""

from facealign.cluster.doctor.check import DoctorPlan, Finding, State
from facealign.cluster.doctor.examination import examine

__all__ = ["DoctorPlan", "Finding", "State", "examine"]
