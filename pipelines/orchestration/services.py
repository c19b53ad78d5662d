"""The three long-lived processes: code server, web server, daemon. `hatinh ui` keeps all three; a service manager keeps
each by itself (`hatinh serve PART`)."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

import yaml

from pipelines.orchestration.instance import prepare_page, use_instance
from pipelines.settings import Settings

Part = Literal["code", "web", "daemon"]
PARTS: tuple[Part, ...] = get_args(Part)
_SOCKET = "code.sock"
_STOP_SECONDS = 20
_START_SECONDS = 120
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def serve_part(settings: Settings, part: Part) -> None:
    """Run one of the processes until it is stopped. Where HATINH_CODE_SERVER names a code server, it is used."""
    use_instance(settings)
    os.chdir(settings.home)
    if part == "code":
        _replace_by(code_command(settings.code_server or str(_socket(settings))))
    workspace = write_workspace(settings, settings.code_server)
    if settings.code_server:
        _wait_for(settings.code_server)
    if part == "daemon":
        prepare_page(settings)
        _replace_by(daemon_command(workspace))
    from pipelines.orchestration.web import serve

    serve(settings, workspace)


def run_all(settings: Settings) -> int:
    """Run the three processes until a signal comes or one of them ends; then stop the others.

    Returns:
        0 after a signal, 1 when a process ended by itself.
    """
    prepare_page(settings)
    os.chdir(settings.home)
    address = settings.code_server or str(_socket(settings))
    write_workspace(settings, address)
    environment = {**os.environ, "HATINH_CODE_SERVER": address}
    parts = [part for part in PARTS if part != "code" or not settings.code_server]
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    processes = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "pipelines.cli", "serve", part],
            env=environment,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread was started before
        )
        for part in parts
    ]
    try:
        while not stopping and all(process.poll() is None for process in processes):
            time.sleep(0.5)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
    return 0 if stopping else 1


def _wait_for(address: str) -> None:
    """Wait until the code server takes connections, or go on without it: both sides try again by themselves."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        kind = socket.AF_UNIX if _is_socket(address) else socket.AF_INET
        host, _, port = address.rpartition(":")
        with suppress(OSError), socket.socket(kind) as probe:
            probe.connect(address if _is_socket(address) else (host, int(port)))
            return
        time.sleep(0.5)


def write_workspace(settings: Settings, code_server: str | None) -> Path:
    """What web server and daemon load: the code server, or the module in a process of their own."""
    if code_server is None:
        return settings.home / "workspace.yaml"
    place: dict[str, object] = {"location_name": "hatinh"}
    if _is_socket(code_server):
        place["socket"] = code_server
    else:
        host, _, port = code_server.rpartition(":")
        place |= {"host": host, "port": int(port)}
    path = settings.dagster_home / "workspace.yaml"
    path.write_text(yaml.safe_dump({"load_from": [{"grpc_server": place}]}), encoding="utf-8")
    return path


def code_command(address: str) -> list[str]:
    if _is_socket(address):
        Path(address).unlink(missing_ok=True)  # one that a killed server left
        place = ["--socket", address]
    else:
        host, _, port = address.rpartition(":")
        place = ["--host", host, "--port", port]
    module = ["-m", "pipelines.definitions", "--location-name", "hatinh"]
    return [*_dagster("dagster"), "code-server", "start", *place, *module, "--log-level", "warning"]


def daemon_command(workspace: Path) -> list[str]:
    return [*_dagster("dagster._daemon"), "run", "--workspace", str(workspace), "--log-level", "warning"]


def _dagster(module: str) -> Sequence[str]:
    return [sys.executable, "-m", module]


def _is_socket(address: str) -> bool:
    return "/" in address


def _socket(settings: Settings) -> Path:
    return settings.dagster_home / _SOCKET


def _replace_by(command: list[str]) -> None:
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - our own program, by its full path


def _die_with_parent() -> None:
    """In a child: end with the process that started it, even if that is killed. Linux only; elsewhere nothing."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a script that starts us with & lets us ignore it
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
