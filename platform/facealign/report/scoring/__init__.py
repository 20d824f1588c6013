"""Landmarks that another program predicted, measured as ours are."""

from facealign.report.scoring.given import Given
from facealign.report.scoring.read import read_predictions
from facealign.report.scoring.score import Scored, score
from facealign.report.scoring.truth import read_truth

__all__ = ["Given", "Scored", "read_predictions", "read_truth", "score"]
