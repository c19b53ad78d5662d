"""Dagster with its DuckDB-Polars IO manager: assets are functions of polars frames, DuckDB keeps them between.

Follows https://docs.dagster.io/integrations/libraries/duckdb/using-duckdb-with-dagster and
https://docs.dagster.io/integrations/libraries/duckdb/dagster-duckdb-polars: each asset returns a frame, which the IO
manager writes into a table; the next asset names it as its parameter and gets it back as a frame. The functions are
those of the peer `polars`. The marts are then copied from DuckDB to Parquet.

Does: what the peer `polars` does; each table is kept, each materialization is recorded (in an instance in memory).
Leaves out: asset checks, partitions, a stored instance, schedules.
"""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl
from dagster_duckdb_polars import DuckDBPolarsIOManager

from benchmarks.peers import KEY, Given, given, last_day
from benchmarks.peers.polars import build as marts


def assets(arguments: Given) -> list[dg.AssetsDefinition]:
    @dg.asset
    def dossiers() -> pl.DataFrame:
        return marts.latest(marts.versions(arguments.files)).collect(engine="streaming")

    @dg.asset
    def cells(dossiers: pl.DataFrame) -> pl.DataFrame:
        counted = marts.cells(dossiers.lazy(), arguments.seeds, last_day(arguments.files))
        return counted.collect(engine="streaming")

    @dg.asset
    def named_cells(cells: pl.DataFrame) -> pl.DataFrame:
        return marts.named(cells, arguments.seeds)

    @dg.asset
    def dossier_timeliness(named_cells: pl.DataFrame) -> pl.DataFrame:
        return marts.dossier_timeliness(named_cells)

    @dg.asset
    def online_submission(named_cells: pl.DataFrame) -> pl.DataFrame:
        return marts.online_submission(named_cells)

    return [dossiers, cells, named_cells, dossier_timeliness, online_submission]


def main() -> None:
    arguments = given(__doc__)
    warehouse = str(arguments.out / "peer.duckdb")
    limits = {"threads": arguments.threads, "memory_limit": arguments.memory}
    manager = DuckDBPolarsIOManager(database=warehouse, schema="marts", connection_config=limits)
    dg.materialize(assets(arguments), resources={"io_manager": manager})
    with duckdb.connect(warehouse, read_only=True) as connection:
        for mart in ("dossier_timeliness", "online_submission"):
            rows = f"select * from marts.{mart} order by {', '.join(KEY)}"
            connection.execute(f"copy ({rows}) to '{arguments.out / mart}.parquet' (format parquet, compression zstd)")


if __name__ == "__main__":
    main()
