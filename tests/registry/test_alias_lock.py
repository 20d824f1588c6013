import threading
import time

import pytest

from facealign.config import UserError
from facealign.registry.alias_lock import CLAIM, LAPSE, alias_lock
from facealign.tracking import open_run

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


@pytest.fixture(scope="module")
def client(store):
    from mlflow import MlflowClient

    uri = open_run(store, "faces", "turn", "run").uri
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("turn")
    return client


def test_of_several_at_once_one_is_inside(client):
    inside, most, errors = [], [], []

    def work():
        try:
            for _ in range(2):
                with alias_lock(client, "turn", patience=120):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.02)
                    inside.pop()
        except Exception as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert most == [1] * 6
    assert not client.get_registered_model("turn").tags


def test_what_a_killed_process_left_lapses(client):
    client.set_registered_model_tag("turn", f"{CLAIM}dead", repr(time.time() - LAPSE - 1))
    with alias_lock(client, "turn", patience=0):
        pass
    assert not client.get_registered_model("turn").tags


def test_who_waits_in_vain_is_reported(client):
    client.set_registered_model_tag("turn", f"{CLAIM}other", repr(time.time()))
    with (
        pytest.raises(UserError, match=rf"delete the model's tag {CLAIM}other"),
        alias_lock(client, "turn", patience=0),
    ):
        pass
    assert set(client.get_registered_model("turn").tags) == {f"{CLAIM}other"}
    client.delete_registered_model_tag("turn", f"{CLAIM}other")
