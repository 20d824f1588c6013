"""Metrics of predicted landmarks: errors, their aggregates, and confidence intervals. NumPy only.

Errors are fractions of the normalizer throughout: 0.05 is what papers print as "NME 5 %".
"""

from facealign.metrics.bootstrap import mean_interval, resampled_means
from facealign.metrics.curve import auc, ced, failure_rate
from facealign.metrics.directions import DirectedErrors, DirectedNME, directed_errors, directed_nme, face_means
from facealign.metrics.ellipses import Ellipses, angles_to_edges, error_ellipses
from facealign.metrics.nme import nme
from facealign.metrics.pck import JointHits, pck
from facealign.metrics.ratios import MetricEstimate, Quotient, estimate
from facealign.metrics.summary import Summary, groups_of, summarize
from facealign.metrics.total import Total

__all__ = [
    "DirectedErrors",
    "DirectedNME",
    "Ellipses",
    "JointHits",
    "MetricEstimate",
    "Quotient",
    "Summary",
    "Total",
    "angles_to_edges",
    "auc",
    "ced",
    "directed_errors",
    "directed_nme",
    "error_ellipses",
    "estimate",
    "face_means",
    "failure_rate",
    "groups_of",
    "mean_interval",
    "nme",
    "pck",
    "resampled_means",
    "summarize",
]
