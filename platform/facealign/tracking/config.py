"""Settings of tracking."""

from pydantic import Field

from facealign.config import Settings


class TrackingSettings(Settings):
    """Settings of tracking. The environment variable MLFLOW_TRACKING_URI, where set, overrides ``uri``."""

    enabled: bool = True
    uri: str | None = Field(
        default=None, description="an MLflow server's address or a database; null: sqlite:///mlflow.db here"
    )
    experiment: str | None = Field(default=None, description="name of the experiment; null: the data set's name")
    required: bool = Field(
        default=False,
        description="true: do not begin while the server is away; false: begin, and open the run when it answers",
    )
    sample_every: float | None = Field(
        default=10.0, gt=0, description="seconds between two samples of each machine's load; null: none"
    )
