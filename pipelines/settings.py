"""Every setting of the platform in one typed object, read from the environment (`HATINH_*`) and `.env`.

What another province changes, what an operator tunes and where secrets lie is here and nowhere else. Secrets themselves
are files named by a setting; their content is read by the module that needs it and never kept in this object.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic_settings
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.language import tr

LICENCES = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "CC-BY-NC-SA-3.0-IGO": "https://creativecommons.org/licenses/by-nc-sa/3.0/igo/",
    "MIT": "https://spdx.org/licenses/MIT",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}
"""SPDX identifiers of the licences of data that are known, each with its address."""


class SettingsError(ValueError):
    """A setting has a value that is not allowed. The message names it, its value and what is allowed."""


ENV_PREFIX = "HATINH_"
_NAME = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=", re.MULTILINE)
_OF_DBT = f"{ENV_PREFIX}DBT_"
"""Variables that we hand to dbt ourselves."""
WAITS_FOR = "hatinh/waits_for"
"""Tag of Dagster's runs that wait for each other; its configuration (dagster.yaml) limits it."""
PROJECT_ROOT = Path(__file__).resolve().parent.parent
SETTINGS_FILE = f"{ENV_PREFIX}SETTINGS"
"""Names the file that is read instead of `.env`: one installation may hold several provinces, each with its own."""
_ENV_FILES = (PROJECT_ROOT / ".env", Path(".env"))


def _files() -> tuple[Path, ...]:
    given = os.environ.get(SETTINGS_FILE)
    return (Path(given),) if given else _ENV_FILES


def use_settings_file(path: Path) -> None:
    """Read the settings from one file and from no `.env`, also in the processes that are started from here.

    Raises:
        SettingsError: it cannot be read, or the environment sets what it sets too: which one counts nobody would see.
    """
    _refuse_set_twice(path)
    os.environ[SETTINGS_FILE] = str(path.resolve())


def _refuse_set_twice(path: Path) -> None:
    try:
        stated = set(_NAME.findall(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(tr("{path} cannot be read ({strerror})", path=path, strerror=error.strerror)) from None
    if twice := sorted(stated & os.environ.keys()):
        raise SettingsError(
            tr("{twice} is set in the environment and in {path}: unset it", twice=", ".join(twice), path=path)
        )


class Settings(BaseSettings):
    """Settings of one province's platform. Paths that are relative are taken from `home`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(PROJECT_ROOT, description="folder of the project: dbt_project/ and expectations/ are in it")
    data_dir: Path = Field(Path("data"), description="folder of raw data, drop folder, warehouse and releases")

    dagster_dir: Path = Field(Path(".dagster"), description="folder of Dagster's instance: runs, events, schedules")

    province_code: Annotated[str, Field(pattern=r"^\d{2}$")] = Field(
        "42", description="two digits, statistical code of the province (QĐ 19/2025/QĐ-TTg)"
    )
    portal_code: Annotated[str, Field(pattern=r"^[A-Z]\d{2}$")] = Field(
        "H27", description="identifier of the province on the National Public Service Portal, like H27"
    )
    province_name: str = Field("Hà Tĩnh", min_length=1, description="name of the province as readers know it")

    province_box: Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$")] = Field(
        "105.05,17.86,106.60,18.82",
        description="west, south, east and north of the province in degrees, with some kilometres of air: world-wide "
        "feeds are cut to it, and coordinates outside are taken for wrong",
    )
    seeds_dir: Path = Field(
        Path("dbt_project/seeds"),
        description="folder of the registries (areas, agencies, targets, ...); another province has its own copy",
    )

    language: Literal["vi", "en"] | None = Field(
        None,
        description="language of terminal, page and workbook: vi or en; unset writes all in Vietnamese, but the "
        "terminal in English where the machine's locale is English",
    )
    report_recipient: str = Field(
        "đơn vị vận hành hệ thống số liệu của tỉnh",
        min_length=1,
        description="whom agencies send their filled workbooks to, as printed in the workbooks",
    )

    publisher: str | None = Field(
        None, min_length=1, description="who publishes the releases, as readers cite it; unset names the operating unit"
    )
    licence: str | None = Field(
        None,
        description="licence of what is computed from the province's own records, an SPDX identifier like CC-BY-4.0; "
        "unset states that there is none; the terms of other sources stay theirs",
    )
    publication_url: Annotated[str, Field(pattern=r"^https?://\S+/$")] | None = Field(
        None, description="address under which the open edition is published, ending in /; unset names none"
    )

    publish: Annotated[str, Field(pattern=r"^(s3://[a-z0-9][a-z0-9.-]+(/\S*)?(\?\S+)?|/.+|[^:]+)$")] | None = Field(
        None,
        description="where each release is copied to: a folder, or s3://bucket/prefix with region, scheme and "
        "endpoint_override as in s3://open/data?endpoint_override=host:9000&scheme=http; access_key and secret_key are "
        'in the credentials file under "publish"; unset copies nothing',
    )
    publish_edition: Literal["open", "internal"] = Field(
        "open", description="which edition is copied there: open, or internal, which must then be closed to the public"
    )

    memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")] = Field(
        "4GB", description="memory that DuckDB may use, like 4GB"
    )
    threads: int = Field(2, ge=1, le=256, description="threads that DuckDB may use, 1 to 256")
    engine: Annotated[str, Field(pattern=r"^(duckdb|sc://[A-Za-z0-9.\-\[\]:]+:\d{1,5}(/;use_ssl=true)?)$")] = Field(
        "duckdb",
        description="what computes the relations with one row per dossier: duckdb, or sc://HOST:PORT of Apache Spark 4 "
        "or Sail (docs/scale.md)",
    )
    engine_storage: (
        Annotated[
            str,
            Field(
                pattern=r"^s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+"
                r"(\?((endpoint_override=[A-Za-z0-9.:\[\]-]+|scheme=https?|region=[a-z0-9-]+)(&|$))+)?$"
            ),
        ]
        | None
    ) = Field(
        None,
        description="where the rows of dossiers lie that an engine computes: s3://bucket/prefix, with "
        "endpoint_override, scheme and region as for HATINH_PUBLISH; access_key and secret_key are in the credentials "
        "file under "
        '"engine_storage"; unset keeps them beside the warehouse',
    )

    pseudonym_key_file: Path = Field(
        Path(".secrets/pseudonym.key"),
        description="file with the key of the pseudonyms; outside the warehouse and outside git",
    )

    addresses: dict[str, str] = Field(
        default_factory=dict,
        description='where sources are pulled from, JSON like {"dossiers": "/mnt/share"}: the base URL of an '
        "interface, a folder, or an http(s) URL with {partition} in it",
    )

    credentials_file: Path = Field(
        Path(".secrets/credentials.json"),
        description="file with the credentials of sources, outside git: JSON like "
        '{"onestop_dossiers": {"token": "..."}}',
    )

    deliveries: dict[str, Annotated[int, Field(ge=0, le=3660)]] = Field(
        default_factory=dict,
        description='most days from one delivery of a source to the next, JSON like {"dossiers": 3}; 0 expects none; '
        "others are judged by the cadence of the source",
    )
    owner: Annotated[str, Field(pattern=r"^(team:\w+|[^@\s]+@[^@\s]+\.[^@\s]+)$")] = Field(
        "team:statistics", description="who answers for the data, as Dagster shows it: an e-mail address or team:NAME"
    )

    max_record_mb: int = Field(4, ge=1, le=1024, description="longest record that is read, in MB, 1 to 1024")
    drop_settle_seconds: float = Field(
        3.0, ge=0, le=600, description="how long a file in the drop folder must lie unchanged before it is taken"
    )
    min_cell_count: int = Field(
        5, ge=1, le=100, description="fewest dossiers behind a published mean or median, 1 to 100"
    )
    max_quarantined_pct: float = Field(
        5.0,
        ge=0,
        le=100,
        description="share of a source's rows in quarantine above which its targets are held back; "
        "statistics and agencies' reports only warn",
    )
    keep_releases: int | None = Field(
        None, ge=1, description="releases kept by `hatinh releases prune`; unset keeps every one"
    )

    alerts: tuple[Annotated[str, Field(pattern=r"^(smtps?://|https?://|command:)\S.*")], ...] = Field(
        default=(),
        description="where problems and recoveries are sent, JSON like "
        '["smtp://mail.example.vn:25?from=a@x.vn&to=b@x.vn", "https://example.vn/hook", '
        '"command:/usr/local/bin/notify"]; secrets are in the credentials file under "alerts"',
    )
    metrics_file: Path | None = Field(
        None, description="file that the state is written to in Prometheus' text format; unset writes none"
    )
    max_age_hours: float = Field(
        48, gt=0, le=8784, description="hours since the last good run after which the figures count as stale"
    )
    min_free_gb: float = Field(2, ge=0, description="free disk space below which a problem is reported, in GB")

    keep_days: int | None = Field(
        None, ge=1, description="days that `hatinh prune` keeps releases and Dagster's runs; unset keeps everything"
    )

    schedule: Literal["on", "off"] = Field("on", description="daily pulls and daily run: on or off")
    schedule_cron: str = Field("0 2 * * *", description="when the daily run starts, five cron fields, Vietnam time")
    pull_cron: str = Field(
        "0 1 * * *", description="when sources with an address are pulled, five cron fields, Vietnam time"
    )
    drop_sensor: Literal["on", "off"] = Field("on", description="run when a file is dropped: on or off")
    ui_port: int = Field(3000, ge=1, le=65535, description="port of the Dagster page")
    ui_bind: str = Field(
        "127.0.0.1", description="address that the page listens on; another one only behind a proxy that asks who it is"
    )
    ui_hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-\[\]:]+$")], ...] = Field(
        default=(),
        description="names under which a proxy serves the page, as browsers send them in Host, JSON like "
        '["so-lieu.example.vn"]; others are refused',
    )
    code_server: str | None = Field(
        None,
        description="HOST:PORT or socket of the code server (`hatinh serve code`); unset starts one beside the page",
    )

    @field_validator("province_box")
    @classmethod
    def _is_a_box(cls, value: str) -> str:
        west, south, east, north = map(float, value.split(","))
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError(tr("west, south, east, north in this order, longitude first: 105.05,17.86,106.60,18.82"))
        return value

    @field_validator("licence")
    @classmethod
    def _is_known_licence(cls, value: str | None) -> str | None:
        if value is not None and value not in LICENCES:
            raise ValueError(tr("one of {licences}", licences=", ".join(LICENCES)))
        return value

    @field_validator("schedule_cron", "pull_cron")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        if not re.fullmatch(r"\s*(\S+\s+){4}\S+\s*", value):
            raise ValueError(tr("five cron fields, like '0 2 * * *'"))
        return value.strip()

    def _at_home(self, path: Path) -> Path:
        return path if path.is_absolute() else (self.home / path).resolve()

    @cached_property
    def data(self) -> Path:
        return self._at_home(self.data_dir)

    @property
    def raw(self) -> Path:
        """Bytes as received, with receipts."""
        return self.data / "raw"

    @property
    def drop(self) -> Path:
        """Where people put files: one folder per source."""
        return self.data / "drop"

    @property
    def returned(self) -> Path:
        """Marked copies of workbooks with something wrong, to be sent back; they can be written again."""
        return self.data / "returned"

    @property
    def warehouse(self) -> Path:
        """The private DuckDB file: one writer, no reader but the pipeline."""
        return self.data / "warehouse" / "warehouse.duckdb"

    @property
    def rows_of_dossiers(self) -> str:
        """By what kind of engine rows of dossiers are computed, and where they lie: in another place they are new."""
        kind = self.engine.partition(":")[0]
        storage = (self.engine_storage or "").partition("?")[0]
        return f"{kind} {storage}" if storage and kind != "duckdb" else kind

    @property
    def vault(self) -> Path:
        """What was published of closed quarters in the open edition, and the true figures: mode 0600, kept."""
        return self.data / "vault" / "open_edition.duckdb"

    @property
    def marts(self) -> Path:
        """Releases: the only place where readers look."""
        return self.data / "marts"

    @property
    def dbt_project(self) -> Path:
        return self.home / "dbt_project"

    @property
    def dbt_target(self) -> Path | None:
        """Folder of dbt's own files where the registries are another province's; None for the project's `target/`.

        One folder for two provinces would be parsed again at each change of province, and mixed up by two runs at once.
        """
        return None if self.seeds.is_relative_to(self.dbt_project.resolve()) else self.data / "dbt"

    @property
    def expectations(self) -> Path:
        return self.home / "expectations"

    @property
    def seeds(self) -> Path:
        """Registries that people edit: CSV files that dbt loads and other packages read."""
        return self._at_home(self.seeds_dir)

    @property
    def methods(self) -> Path | None:
        """Pages of the methods; None where only the code was brought."""
        folder = self.home / "docs" / "methods"
        return folder if folder.is_dir() else None

    @property
    def dagster_home(self) -> Path:
        return self._at_home(self.dagster_dir)

    @property
    def credentials(self) -> Path:
        return self._at_home(self.credentials_file)

    @property
    def pseudonym_key(self) -> Path:
        return self._at_home(self.pseudonym_key_file)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` win over environment and `.env`.

    Raises:
        SettingsError: one line for each wrong setting: name, value, what is allowed.
    """
    return _read(_files(), **overrides)


def settings_of(path: Path) -> Settings:
    """The settings of another province of the installation, by its file.

    Raises:
        SettingsError: as `use_settings_file` and `load_settings`.
    """
    _refuse_set_twice(path)
    return _read((path,))


def _read(files: tuple[Path, ...], **overrides: Any) -> Settings:
    try:
        return Settings(_env_file=files, **overrides)  # type: ignore[call-arg] # pydantic-settings takes it
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(error.errors()))) from None
    except pydantic_settings.SettingsError as error:  # the value is not JSON; it may hold a token and is not shown
        field = re.findall(r'field "(\w+)"', str(error))[0]
        raise SettingsError(
            tr(
                "{env_prefix}{field} is not JSON: names and values in double quotes, all of it in single "
                "ones for a shell. Allowed: {description}.",
                env_prefix=ENV_PREFIX,
                field=field.upper(),
                description=tr(Settings.model_fields[field].description or ""),
            )
        ) from None


def unknown_settings() -> Iterator[str]:
    """Variables HATINH_* of the environment or `.env` that are no setting: a mistyped one would change nothing."""
    known = {SETTINGS_FILE, *(f"{ENV_PREFIX}{field.upper()}" for field in Settings.model_fields)}
    given = set(os.environ)
    for file in _files():
        if file.is_file():
            given |= set(_NAME.findall(file.read_text("utf-8")))
    for name in sorted(given):
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known and not name.startswith(_OF_DBT):
            like = difflib.get_close_matches(name.upper(), known, 1)
            yield (
                tr("{name} is no setting; did you mean {like}?", name=name, like=like[0])
                if like
                else tr("{name} is no setting", name=name)
            )


def _explain(errors: Iterable[Any]) -> Iterable[str]:
    for error in errors:
        field = str(error["loc"][0])
        allowed = Settings.model_fields[field].description if field in Settings.model_fields else None
        reason = error["msg"].removeprefix("Value error, ")
        setting = f"{ENV_PREFIX}{field.upper()} = {error['input']!r}"
        yield tr("{setting}: {reason}. Allowed: {allowed}.", setting=setting, reason=reason, allowed=tr(allowed or ""))
