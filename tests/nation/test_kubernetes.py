"""The manifests of provinces and nation, as kubectl renders them: they meet the schemas of Kubernetes, and no province
sees another. Nothing is applied: no cluster is needed."""

from __future__ import annotations

import shutil
import stat
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from pipelines.cli import app
from pipelines.new.province import province_of
from pipelines.settings import ENV_PREFIX, PROJECT_ROOT, Settings, load_settings

MANIFESTS = PROJECT_ROOT / "deploy" / "kubernetes"
CODES = sorted(path.name for path in (MANIFESTS / "provinces").iterdir())
FOLDERS = [*(f"provinces/{code}" for code in CODES), "nation"]

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl, which renders them, is not installed")


@cache
def rendered(folder: str) -> list[dict[str, Any]]:
    made = subprocess.run(["kubectl", "kustomize", str(MANIFESTS / folder)], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(made.stdout))


def one(folder: str, kind: str) -> dict[str, Any]:
    [found] = [item for item in rendered(folder) if item["kind"] == kind]
    return found


def pod(folder: str) -> dict[str, Any]:
    if folder == "nation":
        return one(folder, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return one(folder, "StatefulSet")["spec"]["template"]["spec"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_manifest_meets_the_schema_of_kubernetes(folder: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="uv sync --group kubernetes installs the schemas")
    for manifest in rendered(folder):
        schemas.validate(manifest, schemas.latest_version(), strict=True)
    mistyped = one(folder, "NetworkPolicy") | {"spec": {"podSelectors": {}}}
    with pytest.raises(schemas.ValidationError):
        schemas.validate(mistyped, schemas.latest_version(), strict=True)


@pytest.mark.parametrize("code", CODES)
def test_a_province_is_a_namespace_with_the_settings_of_the_national_lists(code: str) -> None:
    folder = f"provinces/{code}"
    named = one(folder, "Namespace")["metadata"]["name"]
    assert named == f"hatinh-{code}"
    inside = [item["metadata"]["namespace"] for item in rendered(folder) if item["kind"] != "Namespace"]
    assert set(inside) == {named}
    province = province_of(code, load_settings().seeds)
    settings = one(folder, "ConfigMap")["data"]
    stated = {name: settings[f"{ENV_PREFIX}{name}"] for name in ("PROVINCE_CODE", "PORTAL_CODE", "PROVINCE_NAME")}
    assert stated == {"PROVINCE_CODE": code, "PORTAL_CODE": province.portal_code, "PROVINCE_NAME": province.name}
    assert settings["HATINH_PROVINCE_BOX"] == province.box
    assert settings["HATINH_SEEDS_DIR"].split("/")[-2:] == [code, "seeds"]
    assert {name.removeprefix(ENV_PREFIX).lower() for name in settings} <= set(Settings.model_fields)


@pytest.mark.parametrize("code", CODES)
def test_one_writer_and_nothing_from_outside_but_the_page(code: str) -> None:
    folder = f"provinces/{code}"
    assert one(folder, "StatefulSet")["spec"]["replicas"] == 1
    assert [container["name"] for container in pod(folder)["containers"]] == ["code", "web", "daemon"]
    for container in pod(folder)["containers"]:
        environment = {item["name"]: item.get("value") for item in container["env"]}
        assert environment["HATINH_CODE_SERVER"].startswith("127.0.0.1:"), (
            "whoever reaches it runs code as the pipeline"
        )
        assert container["command"][1] in get_command(app).commands  # type: ignore[attr-defined]
    policy = one(folder, "NetworkPolicy")["spec"]
    assert (policy["podSelector"], policy["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert [rule["ports"] for rule in policy["ingress"]] == [[{"port": 3000}]]
    assert all(rule["from"] for rule in policy["ingress"])


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_pod_has_no_rights(folder: str) -> None:
    spec = pod(folder)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_key_is_readable_by_its_user_alone(tmp_path: Path) -> None:
    """What the first container does with the Secret, whose mount the group can read."""
    (tmp_path / "run" / "secret").mkdir(parents=True)
    for name in ("pseudonym.key", "credentials.json"):
        (tmp_path / "run" / "secret" / name).write_text("x")
    [first] = pod(f"provinces/{CODES[0]}")["initContainers"]
    script = first["args"][0].replace("/opt/hatinh", str(PROJECT_ROOT))
    script = script.replace("/run/", f"{tmp_path}/run/").replace("/var/lib", f"{tmp_path}/var/lib")
    subprocess.run([*first["command"], script], check=True)
    secrets = tmp_path / "run" / "hatinh" / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {
        "pseudonym.key": 0o600,
        "credentials.json": 0o600,
    }
    assert (tmp_path / "var/lib/hatinh/dagster/dagster.yaml").read_text() == (
        PROJECT_ROOT / "deploy" / "container" / "dagster.yaml"
    ).read_text()


@pytest.mark.parametrize("name", ["secrets/pseudonym.key", "data/raw/x", "dagster/x"])
def test_git_and_so_the_image_has_no_data_and_no_key_of_a_province(name: str) -> None:
    if not (PROJECT_ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    ignored = ["git", "-C", str(PROJECT_ROOT), "check-ignore", "-q"]
    assert subprocess.run([*ignored, f"provinces/44/{name}"], check=False).returncode == 0
    assert subprocess.run([*ignored, "provinces/44/seeds/areas.csv"], check=False).returncode == 1


def test_the_nation_sees_the_releases_of_provinces_and_cannot_write_to_them() -> None:
    [container] = pod("nation")["containers"]
    assert container["command"][:2] == ["hatinh", "nation"]
    given = dict(argument.split("=") for argument in container["command"][2:])
    assert given == {code: f"/provinces/{code}" for code in CODES}
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod("nation")["volumes"]}
    for code, path in given.items():
        assert mounts[f"province-{code}"] == {"name": f"province-{code}", "mountPath": path, "readOnly": True}
        assert volumes[f"province-{code}"]["nfs"]["readOnly"] is True
        assert volumes[f"province-{code}"]["nfs"]["path"] == f"/hatinh-{code}/data/marts"
    assert not [item for item in container["env"] if "KEY" in item["name"]]
    assert one("nation", "NetworkPolicy")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
