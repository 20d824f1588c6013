"""Does a served model stand 500 calls, of real faces and of everything else?

    python benchmarks/serve.py models:/NAME@champion /path/to/photos [--calls 500] [--seed 0]

`mlflow models serve` is started on 127.0.0.1, in an environment without facealign's path, and called one call
after another: three in four with one to four photos of the folder (boxes are given in every other row), one in
four with something hostile or broken. Printed: latencies of the good calls (50, 90, 99 %, largest), ms; for each
kind of bad call how often it was made and the statuses that came; good calls that failed; the server's memory; and
whether it answers at the end. Ends with status 1 where a good call failed, a bad one was answered with 200 or 5xx,
or the server is gone. What MLflow's own parser does before the model is asked is marked with *: there 5xx is
reported and not counted, and a column that the model does not know is taken away.
"""

import argparse
import base64
import collections
import http.client
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil

from facealign.data.images import encode, read_photo
from facealign.workflows.predict import photos_of

JSON = "application/json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    image_files = [small_jpeg(path) for path in rng.sample(photos_of(arguments.photos), 24)]
    bad = bad_bodies(image_files[0][0])
    latencies, failures = [], collections.Counter()
    statuses: dict[str, collections.Counter] = {name: collections.Counter() for name in bad}
    with tempfile.TemporaryDirectory() as folder:
        process, port = started(arguments.model, Path(folder))
        try:
            for call in range(arguments.calls):
                if rng.random() < 0.25:
                    name = list(bad)[call % len(bad)]
                    statuses[name][ask(port, bad[name]())] += 1
                    continue
                body = good_body(rng, image_files)
                before = time.perf_counter()
                status = ask(port, (body, JSON))
                latencies.append(1e3 * (time.perf_counter() - before))
                if status != 200:
                    failures[status] += 1
            memory = (
                sum(one.memory_info().rss for one in psutil.Process(process.pid).children(recursive=True)) / 2**20
            )
            alive = ask(port, (good_body(rng, image_files), JSON)) == 200
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    report(latencies, failures, statuses, memory, alive)


def report(
    latencies: list[float],
    failures: collections.Counter,
    statuses: dict[str, collections.Counter],
    memory: float,
    alive: bool,
) -> None:
    percentiles = np.percentile(latencies, [50, 90, 99, 100])
    print(
        f"{len(latencies)} good calls, ms: "
        + ", ".join(f"{q} {v:.0f}" for q, v in zip((50, 90, 99, "max"), percentiles, strict=True))
    )
    print(f"good calls that failed: {dict(failures) or 'none'}")
    for name, counter in sorted(statuses.items()):
        print(f"  {name:<34} {sum(counter.values()):3d} calls → {dict(counter)}")
    print(f"server: {memory:.0f} MiB, {'answers' if alive else 'DOES NOT ANSWER'} at the end")
    wrong = {name for name, counter in statuses.items() for status in counter if not is_expected(name, status)}
    if failures or wrong or not alive:
        raise SystemExit(f"failed: {dict(failures)} {sorted(wrong)}")


def is_expected(name: str, status: int) -> bool:
    return 400 <= status < 500 or (name.endswith("*") and (status >= 500 or name == "a column more *"))


def small_jpeg(path: Path) -> tuple[str, list[float]]:
    """Base64 of a photo of 800 px at most, and a box in its middle."""
    image = read_photo(path, str(path))
    factor = min(1.0, 800 / max(image.shape))
    image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    height, width = image.shape[:2]
    box = [0.3 * width, 0.3 * height, 0.7 * width, 0.7 * height]
    return base64.b64encode(encode(image, "jpeg", 90)).decode(), box


def good_body(rng: random.Random, image_files: list[tuple[str, list[float]]]) -> bytes:
    chosen = rng.sample(image_files, rng.randint(1, 4))
    return records([{"image": text, "boxes": [box] if i % 2 else None} for i, (text, box) in enumerate(chosen)])


def records(rows: list) -> bytes:
    return json.dumps({"dataframe_records": rows}).encode()


def bad_bodies(picture: str) -> dict[str, Callable[[], tuple[bytes, str | None]]]:
    """Kinds of bad calls; each makes its body when it is called, for some are large."""
    data = base64.b64decode(picture)

    def one(image: object, **more: object) -> Callable[[], tuple[bytes, str]]:
        return lambda: (records([{"image": image, **more}]), JSON)

    def text(raw: bytes) -> str:
        return base64.b64encode(raw).decode()

    return {
        "truncated JPEG": one(text(data[: len(data) // 2])),
        "noise as JPEG": one(text(b"\xff\xd8\xff" + os.urandom(2000))),
        "bomb: PNG of 60 000² px": one(text(bomb(60_000))),
        "bomb: 16 384² white pixels": one(text(white(16_384))),
        "no base64": one("§§§ not base64 §§§"),
        "an address": one("http://127.0.0.1:1/face.jpg"),
        "a path": one("file:///etc/passwd"),
        "SQL": one("'; DROP TABLE models; --"),
        "HTML": one("<script>alert(1)</script>"),
        "an empty text": one(""),
        "a number": one(7),
        "ragged pixels": one([[[1, 2, 3]], [[1, 2]]]),
        "NaN boxes": one(picture, boxes=[[float("nan")] * 4]),
        "infinite boxes": one(picture, boxes=[[0, 0, float("inf"), 9]]),
        "a box elsewhere": one(picture, boxes=[[1e6, 1e6, 2e6, 2e6]]),
        "10 000 boxes": one(picture, boxes=[[0, 0, 9, 9]] * 10_000),
        "boxes of words": one(picture, boxes=[["a", "b", "c", "d"]]),
        "a column more *": one(picture, model="other"),
        "no image": lambda: (records([{"boxes": []}]), JSON),
        "no rows": lambda: (records([]), JSON),
        "10^6 rows": lambda: (records([{"image": ""}] * 1_000_000), JSON),
        "64 MiB of base64": lambda: (records([{"image": "A" * (64 << 20)}]), JSON),
        "an empty body": lambda: (b"", JSON),
        "JSON cut short": lambda: (records([{"image": picture}])[:-7], JSON),
        "no UTF-8": lambda: (b"\xff\xfe\xfa", JSON),
        "a list": lambda: (b"[]", JSON),
        "a chat": lambda: (b'{"messages": [{"role": "user", "content": "hello"}]}', JSON),
        "another content type": lambda: (b"<a/>", "text/xml"),
        "no content type *": lambda: (records([{"image": picture}]), None),
        "100 000 brackets *": lambda: (b'{"dataframe_records": ' + b"[" * 100_000, JSON),
    }


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that declares side × side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def white(side: int) -> bytes:
    """A whole PNG of side × side white pixels, one bit each: small to send, large to hold."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    line = b"\0" + b"\xff" * (side // 8)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(line * side))
        + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ask(port: int, asked: tuple[bytes, str | None]) -> int:
    """The status of the answer; 0 where none comes."""
    body, kind = asked
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request("POST", "/invocations", body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def started(model: str, folder: Path) -> tuple[subprocess.Popen, int]:
    """The server, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
            env={**environment, "PATH": path},
            start_new_session=True,
        )
    while ask_health(port) != 200:
        if process.poll() is not None:
            raise SystemExit((folder / "log").read_text())
        time.sleep(0.5)
    return process, port


def ask_health(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    main()
