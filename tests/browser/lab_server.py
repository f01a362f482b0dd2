# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""JupyterLab on this machine's loopback, for one test: started, answering, ended."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

START_SECONDS = 60

# No news, no update checks; every cell in the page, not only those in sight.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
        "windowingMode": "none"
    },
}


class LabDidNotStart(RuntimeError):
    """JupyterLab ended or stayed silent; holds the last lines that it wrote."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lab_environment(home: Path) -> dict[str, str]:
    """Folders of its own for everything that Jupyter and IPython write."""
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for name, values in SETTINGS.items():
        file = home / "settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    return {**os.environ, **{key: str(folder) for key, folder in folders.items()}}


def wait_until_answering(url: str, process: subprocess.Popen, log: Path) -> None:
    """Raises LabDidNotStart, with what the server wrote, when it does not answer."""
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    last = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
    raise LabDidNotStart(f"no answer from JupyterLab in {START_SECONDS} s:\n{last}")


def end(process: subprocess.Popen) -> None:
    """End the server and its kernels: politely first, then surely."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(family, timeout=3)
    for child in left:
        child.kill()


@contextmanager
def jupyterlab(folder: Path, home: Path, **variables: str) -> Iterator[tuple[str, str]]:
    """Serve `folder`; gives (address, token). Ended with its kernels, come what may."""
    port, token = free_port(), secrets.token_hex(16)
    log = home / "lab.log"
    environment = {**lab_environment(home), **variables}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_answering(f"{address}/api?token={token}", process, log)
            yield address, token
        finally:
            end(process)
