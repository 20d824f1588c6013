"""`mlflow models serve`, the real one, asked by friend and foe."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from facealign.registry import Predictor, log_model
from facealign.tracking import open_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


@pytest.fixture(scope="module")
def address(store, method, crops, card, tmp_path_factory):
    """Of a server that has no facealign; it ends with the tests."""
    uri = log_model(open_run(store, "faces", "serve", "run"), Predictor(method), crops, card)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("serve")
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "--env-manager", "local"]
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": store.uri}
    environment.pop("PYTHONPATH", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    while not _answers(f"http://127.0.0.1:{port}/ping"):
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def _ask(address, body, kind="application/json"):
    request = urllib.request.Request(f"{address}/invocations", body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_answers_and_goes_on_answering(address, crops):
    row = {"image": crops[0].transpose(1, 2, 0).tolist(), "boxes": [[8, 8, 24, 24]]}
    good = json.dumps({"dataframe_records": [row, row, row]}).encode()
    status, told = _ask(address, good)
    assert status == 200
    assert [len(answer["faces"][0]["landmarks"]) for answer in told["predictions"]] == [68] * 3
    for body in (b"", b"{", b"\xff\xfe", b'{"dataframe_records": []}', good[:-30], json.dumps([row]).encode()):
        assert _ask(address, body)[0] == 400
    assert _ask(address, json.dumps({"dataframe_records": [{"image": "a"}] * 1000}).encode())[0] == 400
    assert _ask(address, good, "text/html")[0] == 415
    assert _ask(address, good)[0] == 200
