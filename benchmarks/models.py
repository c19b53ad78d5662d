"""The SQL of every dbt model, alone: what computing all the tables costs once the rows are loaded.

It takes the warehouse of a run and runs the compiled models in their order, as a full build does, each in one
statement, and writes every mart as zstd Parquet: no dbt, no checks, no release. With `benchmarks.bare`, which reads the
files, it shows how much of the pipeline's time is computing.

    python -m benchmarks.models --warehouse COPY/warehouse.duckdb --manifest compiled.json --out FOLDER

The warehouse is written to: give it a copy. Its name must stay, since compiled SQL names it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import duckdb

from pipelines.transform.dbt import spatial_extension
from pipelines.transform.marts import marts_of, parents_first


def build(warehouse: Path, manifest: dict[str, Any], out: Path, *, threads: int, memory: str) -> None:
    """Build every model of a compiled manifest again, and write one `<mart>.parquet` each into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    options: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(str(warehouse), config=options) as connection:
        connection.execute(f"load '{spatial_extension()}'")
        for unique_id in parents_first(manifest["parent_map"], models):
            node = models[unique_id]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            relation = f"{node['schema']}.{node['alias']}"
            connection.execute(f"create or replace {kind} {relation} as {node['compiled_code']}")
        for mart in marts_of(manifest):
            rows = f"from {mart.relation} order by {', '.join(mart.key)}"
            connection.execute(f"copy ({rows}) to '{out / mart.name}.parquet' (format parquet, compression zstd)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--warehouse", "--manifest", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    given = parser.parse_args()
    manifest = json.loads(given.manifest.read_bytes())
    build(given.warehouse, manifest, given.out, threads=given.threads, memory=given.memory)


if __name__ == "__main__":
    main()
