"""A headless Chromium for the tests of pages, the pages, and axe-core; skipped, loudly, without."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.report_folders import write_hostile_results, write_large_results

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Those that Chromium needs as root, and those that keep it from calling home."""


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("PAGES NOT TESTED IN A BROWSER: Playwright is not installed (extra 'dev').")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip(
            "PAGES NOT TESTED IN A BROWSER: there is no chromium; as root, "
            "`apt-get install chromium` installs it."
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


class OpenPage:
    """Opens files in fresh pages; whatever a console or a script complains of is kept.

    Attributes
    ----------
    complaints
        Texts of errors and warnings of all pages opened by this object, and addresses that any of
        them asked the network for.
    """

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self.complaints: list[str] = []
        self._own = ""

    def __call__(
        self, place: Path | str, fragment: str = "", width: int = 1440, scheme: str = "light"
    ) -> "Page":
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._see(request.url))
        address = place.as_uri() if isinstance(place, Path) else place
        self._own = address if isinstance(place, Path) else f"{address.split('/', 3)[2]}/"
        page.goto(f"{address}{fragment}")
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _see(self, url: str) -> None:
        own = ("file:", "data:", "blob:", "about:", f"http://{self._own}")
        if not url.startswith(own):
            self.complaints.append(f"asked for {url}")


@pytest.fixture
def open_page(browser: "Browser") -> OpenPage:
    return OpenPage(browser)


@pytest.fixture(scope="session")
def report(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The report of a folder: "embedded" or "paper" of this repository, "hostile" or "large"."""
    from maxgain.pipeline.report import write_report

    made: dict[str, Path] = {}
    folder = tmp_path_factory.mktemp("report")

    def write(name: str) -> Path:
        if name not in made:
            results = ROOT / "results" / name
            if name in ("hostile", "large"):
                results = folder / name
                {"hostile": write_hostile_results, "large": write_large_results}[name](results)
            made[name] = folder / f"{name}.html"
            write_report(results, made[name])
        return made[name]

    return write


@pytest.fixture(scope="session")
def site(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the documentation, built as `make docs` does and served to this machine alone."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, env=variables
    )
    assert done.returncode == 0, done.stderr
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, which finds faults of accessibility."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("ACCESSIBILITY NOT TESTED: there is no npm to fetch axe-core with.")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"ACCESSIBILITY NOT TESTED: npm cannot fetch axe-core: {done.stderr.strip()}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
