"""A cluster of Spark standalone on this machine: a master, workers with one executor each, and Spark Connect on it.

Spark's own programs (Java) come from the package `pyspark`, in a folder of its own: it has the same modules as
`pyspark-client`, which the project uses. `make test-spark` puts it into `dist/spark`; SPARK_HOME names another.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import tree
from pipelines.settings import PROJECT_ROOT

SECONDS_TO_START = 900.0
"""A minute on a quiet machine."""
CORES_PER_WORKER, WORKERS = 1, ("worker0", "worker1")


def spark_home() -> Path:
    return Path(os.environ.get("SPARK_HOME") or PROJECT_ROOT / "dist" / "spark" / "pyspark")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class SparkCluster:
    """Its programs and their logs. Every program ends with `stop`."""

    folder: Path
    memory: str = os.environ.get("TEST_SPARK_MEMORY", "1500m")
    """Of each executor, and of the Connect server."""
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _master: int = field(default_factory=free_port)
    _connect: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"sc://127.0.0.1:{self._connect}"

    @property
    def pids(self) -> list[int]:
        """The programs that were started here; each has children."""
        return [program.pid for program in self.programs.values() if program.poll() is None]

    def start(self) -> None:
        host = ("--host", "127.0.0.1", "--webui-port", "0")
        self._run("master", "org.apache.spark.deploy.master.Master", *host, "--port", str(self._master))
        _wait(lambda: _answers(self._master), "the master answers")
        for name in WORKERS:
            self.start_worker(name)
        self.start_connect()

    def start_worker(self, name: str) -> None:
        limits = ("--cores", str(CORES_PER_WORKER), "--memory", "64g")  # what executors ask for is the limit
        host = ("--host", "127.0.0.1", "--webui-port", "0", f"spark://127.0.0.1:{self._master}")
        self._run(name, "org.apache.spark.deploy.worker.Worker", *limits, *host)

    def start_connect(self) -> None:
        settings = {
            "spark.executor.memory": self.memory,
            "spark.executor.cores": CORES_PER_WORKER,
            "spark.driver.memory": self.memory,
            "spark.driver.host": "127.0.0.1",
            "spark.connect.grpc.binding.port": self._connect,
            "spark.sql.shuffle.partitions": 4,
            "spark.local.dir": self.folder / "local",
            "spark.ui.enabled": "false",
        }
        options = [option for name, value in settings.items() for option in ("--conf", f"{name}={value}")]
        server = ("--class", "org.apache.spark.sql.connect.service.SparkConnectServer")
        submit = ("org.apache.spark.deploy.SparkSubmit", "--master", f"spark://127.0.0.1:{self._master}")
        self._run("connect", *submit, *options, *server)
        _wait(lambda: _answers(self._connect), "the Connect server answers")
        _wait(lambda: len(self.executors()) == len(WORKERS), "every worker has an executor")

    def executors(self) -> list[int]:
        """The processes of the executors: children of the workers."""
        workers = [program.pid for name, program in self.programs.items() if name.startswith("worker")]
        return [pid for worker in workers for pid in tree(worker) if _is_executor(pid)]

    def worker_of(self, executor: int) -> str:
        """The name of the worker that started an executor."""
        return next(name for name, program in self.programs.items() if executor in tree(program.pid))

    def kill(self, part: str | int) -> None:
        """SIGKILL to a program of the cluster, or to a process, and to all that it started: a machine that is lost."""
        program = self.programs.pop(part) if isinstance(part, str) else None
        for pid in [*tree(program.pid if program else int(part))]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if program:
            program.wait()

    def complete(self) -> None:
        """Bring back what was lost."""
        for name in set(WORKERS) - set(self.programs):
            self.start_worker(name)
        _wait(lambda: len(self.executors()) == len(WORKERS), "every worker has an executor")

    def stop(self) -> None:
        for name in reversed(list(self.programs)):
            self.kill(name)

    def _run(self, name: str, program: str, *arguments: str) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | {
            "SPARK_HOME": str(spark_home()),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_WORKER_DIR": str(self.folder / "work"),
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONHASHSEED": "0",
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [spark_home() / "bin" / "spark-class", program, *arguments]
            self.programs[name] = subprocess.Popen(
                command, cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )


def _is_executor(pid: int) -> bool:
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return command[0].endswith(b"java") and b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in command
    return False


def _answers(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


def _wait(holds: Callable[[], bool], what: str) -> None:
    last = time.monotonic() + SECONDS_TO_START
    while not holds():
        assert time.monotonic() < last, f"not within {SECONDS_TO_START:.0f} s: {what}"
        time.sleep(0.2)
