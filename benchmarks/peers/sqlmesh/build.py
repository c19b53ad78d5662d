"""SQLMesh on DuckDB: a project of SQL models, planned and applied, with audits.

Follows https://sqlmesh.readthedocs.io/en/stable/quickstart/cli/ and its pages on models, seeds and audits: registries
are SEED models, tables FULL models, joins of names a VIEW; `plan` creates an environment in a new warehouse,
backfills it and runs the audits. The marts are then copied to Parquet, since SQLMesh keeps its tables in the
warehouse.

Does: reads, keeps the newest version of each dossier, counts, names, merges small rows; audits keys, nulls, codes and
ranges.
Leaves out: what is not an audit; an incremental model by time, since a dossier's month changes as long as it is open.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from benchmarks.peers import KEY, given


def main() -> None:
    arguments = given(__doc__)
    project, warehouse = arguments.out / "project", arguments.out / "peer.duckdb"
    # SQLMesh writes its cache beside the models, and reads seeds below them
    shutil.copytree(Path(__file__).parent, project, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(arguments.seeds, project / "seeds", ignore=shutil.ignore_patterns("*.yml"))
    environment = {
        "PEER_FILES": str(arguments.files[0].parent / "*.ndjson.gz"),
        "PEER_PROCEDURES": str(arguments.seeds / "procedures.csv"),
        "PEER_WAREHOUSE": str(warehouse),
        "PEER_THREADS": str(arguments.threads),
        "PEER_MEMORY": arguments.memory,
    }
    command = [
        str(Path(sys.executable).parent / "sqlmesh"),
        "--paths",
        str(project),
        "plan",
        "--auto-apply",
        "--no-prompts",
    ]
    subprocess.run(command, env=os.environ | environment, check=True)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for mart in ("dossier_timeliness", "online_submission"):
            rows = f"select * from marts.{mart} order by {', '.join(KEY)}"
            connection.execute(f"copy ({rows}) to '{arguments.out / mart}.parquet' (format parquet, compression zstd)")


if __name__ == "__main__":
    main()
