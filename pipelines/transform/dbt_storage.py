"""A plugin of dbt-duckdb: dbt's connection reads rows of dossiers in object storage, where they lie there.

The keys are read here, by the process that dbt runs in: a secret of dbt's profile would be in what dbt writes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from pipelines.warehouse.storage import ObjectStorage

ADDRESS, CREDENTIALS = "HATINH_DBT_STORAGE", "HATINH_DBT_STORAGE_CREDENTIALS"


class Plugin(BasePlugin):  # type: ignore[misc]  # the package ships no types
    def configure_connection(self, conn: Any) -> None:
        if address := os.environ.get(ADDRESS):
            ObjectStorage(address, Path(os.environ[CREDENTIALS])).attach(conn)
