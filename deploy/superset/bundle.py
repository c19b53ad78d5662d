"""The dashboard of `dashboard.yml` as a file that Apache Superset imports.

    python deploy/superset/bundle.py data/marts/current dashboard.zip
    superset import-dashboards --path dashboard.zip --username admin

The address of the database is `marts.duckdb` behind the link `current`, read-only: a new release needs no new import.
The same release gives the same bytes. A later import replaces the dashboard; datasets and charts that exist stay as
they are, so delete them in Superset before it where `dashboard.yml` has changed.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import duckdb
import yaml

Json = dict[str, Any]

DASHBOARD = Path(__file__).with_name("dashboard.yml")
DATABASE = "hatinh"
ROWS = 1000
_KINDS = {
    "number": "big_number_total",
    "table": "table",
    "rows": "table",
    "bar": "echarts_timeseries_bar",
    "line": "echarts_timeseries_line",
}
_VERSION = "1.0.0"
_WHEN = "2026-01-01T00:00:00+00:00"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("release", type=Path, help="folder of a release: data/marts/current")
    parser.add_argument("out", type=Path, help="the zip file to write")
    parser.add_argument("--database", help="marts.duckdb as Superset sees it, if another path than here")
    given = parser.parse_args()
    database = given.database or str(given.release.absolute() / "marts.duckdb")  # not resolved: the link is followed
    write(given.release, given.out, database)


def write(release: Path, out: Path, database: str) -> None:
    """Write the zip file for a release whose database Superset opens at the path `database`."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(release, database).items():
            entry = zipfile.ZipInfo(f"dashboard/{name}", (2026, 1, 1, 0, 0, 0))
            archive.writestr(entry, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def files(release: Path, database: str) -> dict[str, Json]:
    """The content of the zip file, by name. Raises duckdb.Error when a query does not fit the release."""
    stated = spec()
    charts = {chart["chart"]: _chart(chart, stated) for row in stated["rows"] for chart in row}
    return {
        "metadata.yaml": {"version": _VERSION, "type": "Dashboard", "timestamp": _WHEN},
        f"databases/{DATABASE}.yaml": _database(database),
        **{f"datasets/{DATABASE}/{name}.yaml": item for name, item in _datasets(release, stated)},
        **{f"charts/{_id('chart', name)}.yaml": chart for name, chart in charts.items()},
        "dashboards/dashboard.yaml": _dashboard(stated),
    }


def spec() -> Json:
    """`dashboard.yml`."""
    stated: Json = yaml.safe_load(DASHBOARD.read_text(encoding="utf-8"))
    return stated


def _id(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("hatinh/superset", *names))))


def _database(path: str) -> Json:
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": f"duckdb:///{path}",
        "expose_in_sqllab": True,
        "allow_dml": False,
        "extra": {"engine_params": {"connect_args": {"read_only": True}}},
        "uuid": _id("database"),
        "version": _VERSION,
    }


def _datasets(release: Path, stated: Json) -> Iterator[tuple[str, Json]]:
    tables = json.loads((release / "bi" / "datapackage.json").read_bytes())["resources"]
    titles = {field["name"]: field["title"] for table in tables for field in table.get("schema", {}).get("fields", ())}
    with duckdb.connect(release / "marts.duckdb", read_only=True) as connection:
        for name, about in stated["datasets"].items():
            known = titles | about.get("titles", {})
            yield (
                name,
                {
                    "table_name": name,
                    "main_dttm_col": about.get("time"),
                    "sql": about["sql"],
                    "columns": [
                        {
                            "column_name": column,
                            "verbose_name": known[column],
                            "type": str(kind),
                            "is_dttm": str(kind) == "DATE",
                            "groupby": True,
                            "filterable": True,
                        }
                        for column, kind, *_ in connection.execute(f"describe {about['sql']}").fetchall()
                    ],
                    "metrics": [
                        {
                            "metric_name": metric,
                            "verbose_name": of["title"],
                            "expression": of["sql"],
                            "d3format": of["format"],
                        }
                        for metric, of in about["metrics"].items()
                    ],
                    "uuid": _id("dataset", name),
                    "database_uuid": _id("database"),
                    "version": _VERSION,
                },
            )


def query(chart: Mapping[str, Any], stated: Json) -> Json:
    """What a chart asks of its dataset, in the vocabulary of Superset's API."""
    time = stated["datasets"][chart["of"]].get("time")
    by = chart.get("by", [])
    columns = [
        {"columnType": "BASE_AXIS", "expressionType": "SQL", "label": c, "sqlExpression": c, "timeGrain": "P1M"}
        if c == time
        else c
        for c in by
    ]
    metrics = chart.get("metrics", [])
    orderby = [] if time in by or not by else [[metrics[0], False]]
    return {
        "columns": chart.get("columns") or columns,
        "metrics": metrics or None,
        "orderby": orderby,
        "filters": [],
        "extras": {},
        "row_limit": ROWS,
    }


def _chart(chart: Mapping[str, Any], stated: Json) -> Json:
    about, by, metrics = stated["datasets"][chart["of"]], chart.get("by", []), chart.get("metrics", [])
    viz = _KINDS[chart["kind"]]
    params: Json = {"viz_type": viz, "row_limit": ROWS, "adhoc_filters": []}
    if chart["kind"] == "number":
        params |= {"metric": metrics[0], "y_axis_format": about["metrics"][metrics[0]]["format"]}
    elif chart["kind"] == "rows":
        params |= {"query_mode": "raw", "all_columns": chart["columns"], "show_cell_bars": False}
    elif chart["kind"] == "table":
        params |= {"query_mode": "aggregate", "groupby": by, "metrics": metrics, "show_cell_bars": False}
        params |= {"timeseries_limit_metric": metrics[0], "order_desc": True}
    else:
        params |= {"x_axis": by[0], "time_grain_sqla": "P1M", "groupby": by[1:], "metrics": metrics}
        params |= {"y_axis_format": about["metrics"][metrics[0]]["format"], "x_axis_time_format": "%m/%Y"}
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query(chart, stated)],
        "form_data": {},
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": chart["chart"],
        "viz_type": viz,
        "params": params,
        "query_context": json.dumps(context),
        "uuid": _id("chart", chart["chart"]),
        "dataset_uuid": _id("dataset", chart["of"]),
        "version": _VERSION,
    }


def _dashboard(stated: Json) -> Json:
    position: Json = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
    }
    rows = [f"ROW-{number}" for number in range(len(stated["rows"]) + 1)]
    position["GRID_ID"] = {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]}
    position["HEADER_ID"] = {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": stated["title"]}}
    note = {"code": stated["note"], "width": 12, "height": 12}
    contents = [[("MARKDOWN", "MARKDOWN-note", note)]]
    contents += [
        [("CHART", f"CHART-{_id('chart', chart['chart'])}", _placed(chart)) for chart in row] for row in stated["rows"]
    ]
    for row, items in zip(rows, contents, strict=True):
        parents = ["ROOT_ID", "GRID_ID"]
        position[row] = {"type": "ROW", "id": row, "children": [name for _, name, _ in items], "parents": parents}
        position[row]["meta"] = {"background": "BACKGROUND_TRANSPARENT"}
        for kind, name, meta in items:
            position[name] = {"type": kind, "id": name, "children": [], "parents": [*parents, row], "meta": meta}
    return {
        "dashboard_title": stated["title"],
        "slug": DATABASE,
        "published": True,
        "position": position,
        "metadata": {"cross_filters_enabled": True},
        "uuid": _id("dashboard"),
        "version": _VERSION,
    }


def _placed(chart: Mapping[str, Any]) -> Json:
    height = 16 if chart["kind"] == "number" else 50
    return {
        "chartId": 0,
        "uuid": _id("chart", chart["chart"]),
        "sliceName": chart["chart"],
        "width": chart["width"],
        "height": height,
    }


if __name__ == "__main__":
    main()
