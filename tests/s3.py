"""An S3 server on this machine, with a bucket."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from moto.server import ThreadedMotoServer

BUCKET = "faces"


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """The variables by which clients find it, which this process has too while the block lasts."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        with patch.dict(os.environ, variables):
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            yield variables
    finally:
        server.stop()
