"""A local server of weights, and a network of the registry that it has."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from maxgain.zoo.names import find_row
from maxgain.zoo.registry import read_registry
from tests.exact.zoo.zoo_networks import with_source


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Address of a local server, and the files that it serves, by path."""
    served: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in served:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(served[self.path])))
            self.end_headers()
            self.wfile.write(served[self.path])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", served
        http.shutdown()
        thread.join()


@pytest.fixture
def vgg_f_at(server: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch) -> str:
    """The path at which the server is asked for the weights of vgg-f."""
    row = with_source(read_registry()["vgg-f"], f"{server[0]}/imagenet-vgg-f.mat")
    for module in ("maxgain.zoo.fetching", "maxgain.zoo.loading"):
        monkeypatch.setattr(
            f"{module}.find_row", lambda name: row if name == row.name else find_row(name)
        )
    return "/imagenet-vgg-f.mat"
