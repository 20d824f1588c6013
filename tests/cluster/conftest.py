"""One Ray cluster for all tests that need one."""

from collections.abc import Iterator

import pytest

from facealign.cluster.session import session


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    with session(None):
        yield
