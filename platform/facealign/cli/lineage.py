"""Which code made a thing."""

import subprocess

from facealign.cluster.job import submission


def git_commit() -> str:
    """The commit checked out, with ``-dirty`` when tracked files differ from it; ``unknown`` outside git.

    A Ray job has no repository; there it is what the submission's metadata has as ``git_commit``.
    """
    job = submission()
    if job is not None:
        return job.metadata.get("git_commit", "unknown")
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("-dirty" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "unknown"


def uncommitted() -> str:
    """How tracked files differ from the commit, as ``git apply`` takes it; empty outside git and in a Ray job."""
    if submission() is not None:
        return ""
    try:
        found = _git("diff", "--binary", "--no-ext-diff", "--no-color", "HEAD")
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    return found and found + "\n"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape").strip("\n")
