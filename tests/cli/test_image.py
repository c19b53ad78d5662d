"""The image of deploy/container with the rights that the compose file gives it: a file comes in and a release out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from uuid import uuid4

import pytest
import yaml

from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow
CONTAINER = PROJECT_ROOT / "deploy" / "container"
SAMPLE = next((PROJECT_ROOT / "data" / "raw" / "ispeed").rglob("sample-*.csv"))
MARTS = "/var/lib/hatinh/data/marts"


def podman(*words: str, text: str | None = None) -> str:
    done = subprocess.run(["podman", *words], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if not shutil.which("podman"):
        pytest.skip("podman is not installed here")
    recipe = CONTAINER / "Containerfile"
    base = recipe.read_text(encoding="utf-8").split("\nFROM ")[1].split()[0]
    if subprocess.run(["podman", "image", "exists", base], check=False).returncode:
        pytest.skip(f"podman has no image {base} here: podman pull {base}")
    name = f"localhost/hatinh-test-{uuid4().hex[:8]}"
    podman("build", "-f", str(recipe), "--build-arg", "COMMIT=1a2b3c4", "-t", name, str(PROJECT_ROOT))
    yield name
    podman("rmi", "--force", name)


@pytest.fixture
def mounts(image: str) -> Iterator[list[str]]:
    """Rights and places as the compose file has them; folders of the host there are volumes here."""
    service = yaml.safe_load((CONTAINER / "compose.yaml").read_text(encoding="utf-8"))["services"]["code"]
    assert service["read_only"]
    run = uuid4().hex[:8]
    places = [volume.split(":")[:2] for volume in service["volumes"]]
    files = [(CONTAINER / source, path) for source, path in places if (CONTAINER / source).is_file()]
    volumes = [
        (f"hatinh-test-{run}-{source.strip('./')}", path)
        for source, path in places
        if not (CONTAINER / source).is_file()
    ]
    yield [
        "--read-only",
        *(f"--tmpfs={path}" for path in service["tmpfs"]),
        *(f"--cap-drop={name}" for name in service["cap_drop"]),
        *(f"--security-opt={option}" for option in service["security_opt"]),
        *(f"--volume={name}:{path}" for name, path in volumes),
        *(f"--volume={file}:{path}:ro" for file, path in files),
        "--env=HATINH_DAGSTER_DIR=/tmp/dagster",  # Postgres is left out here
    ]
    for name, _ in volumes:
        podman("volume", "rm", "--force", name)


def test_a_file_dropped_into_the_container_becomes_a_release(image: str, mounts: list[str]) -> None:
    def shell(script: str, text: str | None = None) -> str:
        return podman("run", "--rm", "-i", *mounts, "--entrypoint=sh", image, "-ec", script, text=text)

    assert shell("id -u; touch /opt/hatinh/x 2>/dev/null || echo refused").split() == ["10001", "refused"]
    podman("run", "--rm", *mounts, image, "key", "make")
    folder = "/var/lib/hatinh/data/drop/ispeed"
    shell(f"mkdir -p {folder}; cat > {folder}/{SAMPLE.name}", SAMPLE.read_text(encoding="utf-8"))
    podman("run", "--rm", *mounts, image, "run", "--quiet")
    package = json.loads(shell(f"cat {MARTS}/current/datapackage.json"))
    assert package["provenance"]["code_version"].endswith("+1a2b3c4")
    assert "broadband_speed" in {resource["name"] for resource in package["resources"]}
