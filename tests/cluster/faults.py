"""What the tests of faults share."""

import time

import psutil
import pytest
import torch
from safetensors.torch import load_file

from facealign.cluster.train import train


def run(job, config, folder, on_event=lambda event: None):
    return train(job, config, None, folder / "spool", folder / "model", on_event)


def longer(job, epochs):
    return job.model_copy(update={"train": job.train.model_copy(update={"epochs": epochs})})


def same_weights(one, other):
    """Bit for bit."""
    a, b = (load_file(folder / "model" / "weights.safetensors") for folder in (one, other))
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def worker_processes():
    """Those of trainings in Ray clusters that this process has started, oldest first."""
    mine = psutil.Process().children(recursive=True)
    return sorted((p for p in mine if _title(p).startswith("ray::RayTrainWorker")), key=lambda p: p.create_time())


def _title(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended in the meantime
        return ""


def wait_until_gone(processes):
    for _ in range(600):
        if not any(map(alive, processes)):
            return
        time.sleep(0.1)
    pytest.fail(f"left behind: {[process for process in processes if alive(process)]}")


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Once:
    """Watches a training; does something to its worker processes when a step from ``at`` on is first logged."""

    def __init__(self, deed=lambda workers: None, at=8):
        self._deed, self._at = deed, at
        self.events, self.done = [], False

    def __call__(self, event):
        self.events.append(event)
        if not self.done and event["kind"] == "log" and event["step"] >= self._at:
            self.done = True
            self._deed(worker_processes())

    def of(self, kind):
        return [event for event in self.events if event["kind"] == kind]
