"""Private parts of Ray: for which version they were checked, and that one module alone uses them."""

import inspect

import ray

from facealign.cluster import ray_internals

CHECKED = "2.60"
"""With another Ray, run `make test` and look at ``ray_internals`` before this is raised."""


def test_the_version_is_the_one_that_was_checked():
    assert ray.__version__.startswith(f"{CHECKED}."), (
        f"check facealign.cluster.ray_internals with {ray.__version__}"
    )


def test_the_hooks_are_those_that_the_callbacks_override():
    assert inspect.isfunction(ray_internals.ControllerCallback.after_controller_state_update)
    assert inspect.isfunction(ray_internals.ControllerCallback.before_controller_execute_resize_decision)
    assert list(inspect.signature(ray_internals.ReportCallback.after_report).parameters) == [
        "self",
        "training_report",
        "metrics",
    ]
    assert inspect.isfunction(ray_internals.WorkerCallback.after_init_train_context)


def test_errors_hold_what_the_messages_name():
    assert "num_workers" in inspect.signature(ray_internals.WorkerGroupStartupTimeoutError).parameters
    assert "health_check_failure" in inspect.getsource(ray_internals.WorkerHealthCheckFailedError)
