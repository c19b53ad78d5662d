"""pandas with Great Expectations: frames in memory, and a suite over the records and over each mart.

Follows https://pandas.pydata.org/docs/user_guide/scale.html (only the columns that are needed are kept, file by file)
and https://docs.greatexpectations.io/docs/core/introduction/try_gx (an ephemeral context, a pandas data source, a
batch of the frame, a suite, a validation). A failed suite ends the run.

Does: reads, keeps the newest version of each dossier, counts, names, merges small rows, writes Parquet; expects keys
that are unique and not null, codes of lists, ranges, times in order.
Leaves out: quarantine of single records. Neither threads nor memory can be limited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig

from benchmarks.peers import (
    KEY,
    MIN_CELL_COUNT,
    OTHER,
    PLACE,
    SUBMITTED,
    TIMELINESS,
    day_of,
    given,
    last_day,
)

DAY_SECONDS = 86_400


def times(text: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Times in either spelling of the feed; "" is missing."""
    first, second = (
        pd.to_datetime(text, format=form, errors="coerce") for form in ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S")
    )
    return first.fillna(second)


def supplements(lists: pd.Series[Any]) -> pd.DataFrame:
    """Of each dossier: how often it was returned to the applicant, when first, whether answered, and seconds waited."""
    entries = lists.explode().dropna()
    asked, answered = times(entries.map(itemgetter("NgayBoSung"))), times(entries.map(itemgetter("NgayTiepNhanBoSung")))
    waited = (answered - asked).dt.total_seconds().clip(lower=0).groupby(level=0).sum()
    is_first = ~entries.index.duplicated()
    return pd.DataFrame(
        {
            "asked_times": lists.str.len(),
            "asked_at": asked[is_first].reindex(lists.index),
            "is_answered": answered[is_first].notna().reindex(lists.index, fill_value=False),
            "waited": pd.to_timedelta(waited.reindex(lists.index, fill_value=0), unit="s"),
        }
    )


def versions(files: Sequence[Path]) -> pd.DataFrame:
    """A row per record; each file is read alone and keeps the columns of the marts."""
    read = []
    for file in files:
        rows = pd.read_json(file, lines=True, dtype=False)
        results = rows["DanhSachGiayToKetQua"].explode().dropna().map(itemgetter("DuongDanTepTinKetQua")).ne("")
        ended = times(rows["NgayKetThucXuLy"]).fillna(times(rows["NgayTra"])).fillna(times(rows["NgayTuChoi"]))
        read.append(
            pd.DataFrame(
                {
                    "dossier": rows["MaHoSo"],
                    "day": pd.Timestamp(day_of(file)),
                    "procedure_code": rows["MaTTHC"],
                    "field_code": rows["MaLinhVuc"],
                    "channel": rows["KenhThucHien"],
                    "received_at": times(rows["NgayTiepNhan"]),
                    "due_at": times(rows["NgayHenTra"]),
                    "ended_at": ended,
                    "has_e_result": results.groupby(level=0).any().reindex(rows.index, fill_value=False),
                }
            ).join(supplements(rows["DanhSachHoSoBoSung"]))
        )
    return pd.concat(read, ignore_index=True)


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """The newest version of each dossier."""
    newest = rows.sort_values("day", kind="stable").drop_duplicates("dossier", keep="last")
    return newest[newest["received_at"].notna()]


def registry(seeds: Path, name: str) -> pd.DataFrame:
    """A registry as text."""
    return pd.read_csv(seeds / f"{name}.csv", dtype=str)


def working_days(seeds: Path) -> pd.DataFrame:
    """Every day with its number among the working days."""
    days = pd.DataFrame({"received_day": pd.date_range("2015-01-01", "2035-12-31", unit="us")})
    holidays = pd.to_datetime(registry(seeds, "public_holidays")["holiday_date"])
    days["is_working"] = (days["received_day"].dt.dayofweek < 5) & ~days["received_day"].isin(holidays)
    return days.assign(number=days["is_working"].cumsum())


def judged(dossiers: pd.DataFrame, seeds: Path, as_of: date) -> pd.DataFrame:
    """The dossiers with their term, the moment at which they are judged, and the verdict."""
    procedures = registry(seeds, "procedures").rename(columns={"field_code": "own_field"})
    procedures["statutory_days"] = procedures["statutory_days"].astype("Int64")
    columns = [
        "procedure_code",
        "service_level",
        "statutory_days",
        "statutory_unit",
        "requires_paper_result",
        "own_field",
    ]
    days = working_days(seeds)
    ends = days.loc[days["is_working"], ["number", "received_day"]].rename(columns={"received_day": "term_day"})
    rows = dossiers.assign(received_day=dossiers["received_at"].dt.normalize())
    rows = rows.merge(procedures[columns], on="procedure_code", how="left")
    rows = rows.merge(days[["received_day", "number"]], on="received_day", how="left")
    rows["number"] = rows["number"].astype("Int64") + rows["statutory_days"]
    rows = rows.merge(ends.astype({"number": "Int64"}), on="number", how="left")

    received, ended, unit = rows["received_at"], rows["ended_at"], rows["statutory_unit"]
    last_second = pd.Timedelta(hours=23, minutes=59, seconds=59)
    term = (rows["term_day"] + last_second).where(unit == "working_day")
    statutory = rows["statutory_days"]
    term = term.fillna((received + statutory * pd.Timedelta(hours=1)).where(unit == "hour"))
    term = term.fillna((rows["received_day"] + statutory * pd.Timedelta(days=1) + last_second).where(unit == "day"))
    month_end = rows["received_day"] + pd.offsets.MonthEnd(0)
    month_end = month_end.where(month_end <= pd.Timestamp(as_of), pd.Timestamp(as_of)) + last_second
    waits_since = rows["asked_at"].where((rows["asked_times"] == 1) & ~rows["is_answered"])
    open_end = pd.concat([waits_since, month_end], axis="columns").min(axis="columns")
    rows = rows.assign(
        month=received.dt.to_period("M").dt.to_timestamp(),
        agency_code=rows["dossier"].str.extract(r"^(.+)-[0-9]+-[0-9]+$", expand=False),
        procedure_field_code=rows["own_field"].fillna(rows["field_code"]),
        term_at=rows["due_at"].fillna(term),
        end_at=ended.fillna(open_end) - rows["waited"],
        seconds=(ended - received - rows["waited"]).dt.total_seconds().clip(lower=0),
    )
    # a dossier without a term is neither late nor in time, unless it was returned more than once
    is_known = rows["term_at"].notna() | (rows["asked_times"] > 1)
    is_late = (rows["asked_times"] > 1) | (rows["end_at"] > rows["term_at"])
    return rows.assign(is_late=is_known & is_late, is_in_time=is_known & ~is_late)


def cells(rows: pd.DataFrame) -> pd.DataFrame:
    """The counts of both marts by month, agency and field."""
    is_resolved, in_time, late = rows["ended_at"].notna(), rows["is_in_time"], rows["is_late"]
    end_day, term_day = rows["end_at"].dt.normalize(), rows["term_at"].dt.normalize()
    online, level = rows["channel"] == "2", rows["service_level"]
    counts = {
        "received": rows["dossier"].notna(),
        "resolved": is_resolved,
        "early": is_resolved & in_time & (end_day < term_day),
        "on_time": is_resolved & in_time & (end_day == term_day),
        "late": is_resolved & late,
        "in_process": ~is_resolved & in_time,
        "overdue": ~is_resolved & late,
        "no_term": (rows["asked_times"] <= 1) & rows["term_at"].isna(),
        "online": online,
        "in_person": rows["channel"].fillna("").isin(["", "1"]),
        "by_post": rows["channel"] == "3",
        "full_service": level == "4",
        "partial_service": level == "3",
        "online_full_service": online & (level == "4"),
        "online_partial_service": online & (level == "3"),
        "online_with_e_result": online & (rows["has_e_result"] | (rows["requires_paper_result"] != "true")),
    }
    cell = [rows[name] for name in KEY]
    counted = pd.DataFrame(counts).astype("int64").groupby(cell, dropna=False).sum()
    seconds = rows["seconds"].groupby(cell, dropna=False)
    return counted.assign(
        mean_days=seconds.sum() / (DAY_SECONDS * seconds.count()), median_days=seconds.median() / DAY_SECONDS
    ).reset_index()


def named(counted: pd.DataFrame, seeds: Path) -> pd.DataFrame:
    """The cells with the names of agency, commune and field."""
    agencies, areas = (registry(seeds, name) for name in ("agencies", "areas"))
    for rows in (agencies, areas):
        rows["since"] = pd.to_datetime(rows["valid_from"])
        rows["until"] = pd.to_datetime(rows["valid_to"]).fillna(pd.Timestamp("2200-01-01"))
    agencies = agencies.rename(columns={"name": "agency_name", "level": "agency_level"}).sort_values("since")
    communes = areas[areas["level"] == "commune"].sort_values("since")
    communes = communes.assign(
        commune_code=communes["area_code"], commune_name=communes["kind"] + " " + communes["name"]
    )
    agencies = pd.merge_asof(
        agencies,
        communes[["area_code", "since", "valid_to", "commune_code", "commune_name"]],
        on="since", by="area_code", suffixes=("", "_commune"),
    )  # fmt: skip
    successors = registry(seeds, "area_crosswalk").groupby("old_code")["new_code"].agg(["nunique", "min"])
    agencies = agencies.join(successors, on="commune_code")
    is_replaced, is_one = agencies["valid_to_commune"].notna(), agencies["nunique"] == 1
    agencies["commune_code_today"] = agencies["min"].where(is_one).where(is_replaced, agencies["commune_code"])
    agencies["area_match"] = np.select(
        [
            agencies["agency_level"] != "commune",
            agencies["commune_code"].isna() | (is_replaced & agencies["nunique"].isna()),
            ~is_replaced | is_one,
        ],
        ["not_commune", "unknown", "exact"],
        "split",
    )
    today = communes.loc[communes["valid_to"].isna(), ["commune_code", "commune_name"]].add_suffix("_today")
    agencies = agencies.merge(today, on="commune_code_today", how="left")
    fields = registry(seeds, "procedure_fields").rename(
        columns={"field_code": "procedure_field_code", "name_vi": "procedure_field_name"}
    )
    rows = pd.merge_asof(
        counted.sort_values("month"),
        agencies,
        left_on="month",
        right_on="since",
        by="agency_code",
        suffixes=("", "_of"),
    )
    of_agency = ["agency_name", "agency_level", "area_match", "commune_code", "commune_name"]
    of_agency += ["commune_code_today", "commune_name_today"]
    rows[of_agency] = rows[of_agency].where(rows["month"] <= rows["until"])
    rows = rows.merge(fields[["procedure_field_code", "procedure_field_name"]], on="procedure_field_code", how="left")
    unknown = {"agency_name": "", "agency_level": "unknown", "area_match": "unknown", "procedure_field_name": ""}
    return rows.fillna(unknown).assign(is_after_merger=rows["month"] >= pd.Timestamp("2025-07-01"))


def rounded(value: pd.Series[float]) -> Any:
    """Half up, as DuckDB and polars round; pandas' own `round` goes to the even digit."""
    return np.floor(value * 100 + 0.5) / 100


def dossier_timeliness(rows: pd.DataFrame) -> pd.DataFrame:
    is_shown, in_time = rows["resolved"] >= MIN_CELL_COUNT, rows["early"] + rows["on_time"] + rows["in_process"]
    status = np.select([rows["resolved"] == 0, is_shown], ["missing", "observed"], "suppressed")
    return rows.assign(
        on_time_pct=rounded(100.0 * in_time / rows["received"]),
        mean_days=rounded(rows["mean_days"]).where(is_shown),
        median_days=rounded(rows["median_days"]).where(is_shown),
        days_status=status,
    )[list(TIMELINESS)]


def online_submission(rows: pd.DataFrame) -> pd.DataFrame:
    """The fields of an office with few dossiers in a month are one row, as the release publishes them."""
    rows = rows.sort_values(["received", "procedure_field_code"])
    smaller = rows.groupby(["month", "agency_code"])["received"].cumsum() - rows["received"]
    is_small = (rows["received"] < MIN_CELL_COUNT) | smaller.between(1, MIN_CELL_COUNT - 1)
    for name, other in zip(("procedure_field_code", "procedure_field_name"), OTHER, strict=True):
        rows[name] = rows[name].mask(is_small, other)
    merged = rows.groupby(list(PLACE), dropna=False, as_index=False)[list(SUBMITTED)].sum()
    return merged.assign(online_pct=rounded(100.0 * merged["online"] / merged["received"]))


RECORDS = (
    gxe.ExpectColumnValuesToNotBeNull(column="dossier"),
    gxe.ExpectColumnValuesToBeUnique(column="dossier"),
    gxe.ExpectColumnValuesToMatchRegex(column="dossier", regex=r"^.+-[0-9]+-[0-9]+$"),
    gxe.ExpectColumnValuesToNotBeNull(column="received_at"),
    gxe.ExpectColumnValuesToBeInSet(column="channel", value_set=["", "1", "2", "3"]),
    gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="ended_at", column_B="received_at", or_equal=True, ignore_row_if="either_value_is_missing"
    ),
    gxe.ExpectColumnValuesToBeBetween(column="asked_times", min_value=0, max_value=100),
)


def of_mart(share: str) -> tuple[gxe.Expectation, ...]:
    return (
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in (*KEY, "received")),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=list(KEY)),
        gxe.ExpectColumnValuesToBeBetween(column="received", min_value=1),
        gxe.ExpectColumnValuesToBeBetween(column=share, min_value=0, max_value=100),
    )


def expect(rows: pd.DataFrame, name: str, expectations: Sequence[gxe.Expectation]) -> pd.DataFrame:
    """The rows, when they meet the expectations."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": rows})
    result = batch.validate(gx.ExpectationSuite(name=name, expectations=list(expectations)))
    failed = [one.expectation_config.type for one in result.results if not one.success]
    if failed:
        raise SystemExit(f"{name}: {', '.join(failed)}")
    return rows


def main() -> None:
    arguments = given(__doc__)
    dossiers = expect(latest(versions(arguments.files)), "dossiers", RECORDS)
    rows = named(cells(judged(dossiers, arguments.seeds, last_day(arguments.files))), arguments.seeds)
    for mart, share in ((dossier_timeliness, "on_time_pct"), (online_submission, "online_pct")):
        made = expect(mart(rows).sort_values(list(KEY)), mart.__name__, of_mart(share))
        made = made.assign(month=made["month"].dt.date)
        made.to_parquet(arguments.out / f"{mart.__name__}.parquet", index=False, compression="zstd")


if __name__ == "__main__":
    main()
