"""polars, lazy and streaming: the marts as one query of expressions.

Follows https://docs.pola.rs/user-guide/concepts/streaming/ and https://docs.pola.rs/user-guide/lazy/: files are
scanned with a schema, so that only the fields of the marts are read, and the counts of both marts are collected once,
by the streaming engine. Names of agencies and communes are joined to the cells, which are few, afterwards.

Does: reads, keeps the newest version of each dossier, counts, names, merges small rows, writes Parquet.
Leaves out: any check of a record or of a result. Memory cannot be limited; threads are (POLARS_MAX_THREADS).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.peers import (
    DAY_IN_NAME,
    KEY,
    MIN_CELL_COUNT,
    MONTH_IN_NAME,
    OTHER,
    PLACE,
    SUBMITTED,
    TIMELINESS,
    given,
    last_day,
)

DAY_SECONDS = 86_400
SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("MaHoSo", "MaTTHC", "MaLinhVuc", "KenhThucHien", "NgayTiepNhan", "NgayHenTra"), pl.String()),
        **dict.fromkeys(("NgayKetThucXuLy", "NgayTra", "NgayTuChoi"), pl.String()),
        "DanhSachHoSoBoSung": pl.List(pl.Struct({"NgayBoSung": pl.String, "NgayTiepNhanBoSung": pl.String})),
        "DanhSachGiayToKetQua": pl.List(pl.Struct({"DuongDanTepTinKetQua": pl.String})),
    }
)


def time(text: pl.Expr) -> pl.Expr:
    """A time in either spelling of the feed; "" is null."""
    formats = ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S")
    return pl.coalesce(text.str.to_datetime(spelling, time_unit="us", strict=False) for spelling in formats)


def day_of_file() -> pl.Expr:
    file = pl.col("file")
    month = file.str.extract(MONTH_IN_NAME) + "-01"
    return pl.coalesce(file.str.extract(DAY_IN_NAME).str.to_date(strict=False), month.str.to_date().dt.month_end())


def versions(files: Sequence[Path]) -> pl.LazyFrame:
    """A row per record, with typed fields."""
    entry = pl.element().struct
    asked, answered = time(entry.field("NgayBoSung")), time(entry.field("NgayTiepNhanBoSung"))
    waited = (answered - asked).dt.total_seconds().clip(lower_bound=0)
    supplements = pl.col("DanhSachHoSoBoSung")
    return pl.scan_ndjson(list(files), schema=SCHEMA, include_file_paths="file").select(
        day=day_of_file(),
        dossier="MaHoSo",
        procedure_code="MaTTHC",
        field_code="MaLinhVuc",
        channel="KenhThucHien",
        received_at=time(pl.col("NgayTiepNhan")),
        due_at=time(pl.col("NgayHenTra")),
        ended_at=pl.coalesce(time(pl.col(name)) for name in ("NgayKetThucXuLy", "NgayTra", "NgayTuChoi")),
        asked_times=supplements.list.len(),
        asked_at=time(supplements.list.first().struct.field("NgayBoSung")),
        is_answered=time(supplements.list.first().struct.field("NgayTiepNhanBoSung")).is_not_null(),
        waited_seconds=supplements.list.eval(waited).list.sum(),
        has_e_result=pl.col("DanhSachGiayToKetQua").list.eval(entry.field("DuongDanTepTinKetQua") != "").list.any(),
    )


def latest(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The newest version of each dossier."""
    newest = rows.group_by("dossier").agg(pl.exclude("dossier").max_by("day"))
    return newest.filter(pl.col("received_at").is_not_null())


def working_days(seeds: Path) -> pl.LazyFrame:
    """Every day with its number among the working days."""
    holidays = pl.read_csv(seeds / "public_holidays.csv", try_parse_dates=True)["holiday_date"]
    days = pl.DataFrame({"day": pl.date_range(date(2015, 1, 1), date(2035, 12, 31), eager=True)})
    days = days.with_columns(is_working=(pl.col("day").dt.weekday() < 6) & ~pl.col("day").is_in(holidays.implode()))
    return days.with_columns(number=pl.col("is_working").cast(pl.Int64).cum_sum()).lazy()


def cells(dossiers: pl.LazyFrame, seeds: Path, as_of: date) -> pl.LazyFrame:
    """The counts of both marts by month, agency and field."""
    procedures = pl.scan_csv(seeds / "procedures.csv", infer_schema=False).select(
        *("procedure_code", "service_level", "statutory_unit"),
        statutory_days=pl.col("statutory_days").cast(pl.Int64),
        needs_paper=pl.col("requires_paper_result") == "true",
        own_field="field_code",
    )
    calendar = working_days(seeds)
    ends = calendar.filter("is_working").select("number", term_day="day")
    number, waited = pl.col("number") + pl.col("statutory_days"), pl.duration(seconds="waited_seconds")
    received, ended, days = pl.col("received_at"), pl.col("ended_at"), pl.col("statutory_days")
    unit = pl.col("statutory_unit")
    last_second = pl.duration(hours=23, minutes=59, seconds=59)
    term = (
        pl.when(unit == "hour").then(received + pl.duration(hours=days))
        .when(unit == "day").then(received.dt.truncate("1d") + pl.duration(days=days) + last_second)
        .when(unit == "working_day").then(pl.col("term_day").cast(pl.Datetime("us")) + last_second)
    )  # fmt: skip
    month_end = pl.min_horizontal(received.dt.date().dt.month_end(), pl.lit(as_of)).cast(pl.Datetime("us"))
    is_waiting = (pl.col("asked_times") == 1) & ~pl.col("is_answered")
    open_end = pl.min_horizontal(pl.when(is_waiting).then("asked_at"), month_end + last_second)
    many, is_late = pl.col("asked_times") > 1, pl.col("is_late")
    is_resolved = ended.is_not_null()
    online, level = pl.col("channel") == "2", pl.col("service_level")
    judged = (
        dossiers.join(procedures, on="procedure_code", how="left")
        .with_columns(received_day=received.dt.date())
        .join(calendar.select("day", "number"), left_on="received_day", right_on="day", how="left")
        .with_columns(number=number)
        .join(ends, on="number", how="left")
        .with_columns(
            month=received.dt.date().dt.month_start(),
            agency_code=pl.col("dossier").str.extract(r"^(.+)-[0-9]+-[0-9]+$"),
            procedure_field_code=pl.coalesce("own_field", "field_code"),
            term_at=pl.coalesce("due_at", term),
            end_at=pl.coalesce(ended, open_end) - waited,
            seconds=(ended - received - waited).dt.total_seconds().clip(lower_bound=0),
        )
        .with_columns(is_late=many | (pl.col("end_at") > pl.col("term_at")))
    )
    is_before, is_same = (
        pl.col("end_at").dt.date() < pl.col("term_at").dt.date(),
        pl.col("end_at").dt.date() == pl.col("term_at").dt.date(),
    )
    counts = {
        "resolved": is_resolved,
        "early": is_resolved & ~is_late & is_before,
        "on_time": is_resolved & ~is_late & is_same,
        "late": is_resolved & is_late,
        "in_process": ~is_resolved & ~is_late,
        "overdue": ~is_resolved & is_late,
        "no_term": ~many & pl.col("term_at").is_null(),
        "online": online,
        "in_person": pl.col("channel").fill_null("").is_in(["", "1"]),
        "by_post": pl.col("channel") == "3",
        "full_service": level == "4",
        "partial_service": level == "3",
        "online_full_service": online & (level == "4"),
        "online_partial_service": online & (level == "3"),
        "online_with_e_result": online & (pl.col("has_e_result") | ~pl.col("needs_paper").fill_null(value=False)),
    }
    return judged.group_by(KEY).agg(
        pl.len().cast(pl.Int64).alias("received"),
        *(condition.sum().cast(pl.Int64).alias(name) for name, condition in counts.items()),
        mean_days=pl.col("seconds").sum() / (DAY_SECONDS * pl.col("seconds").count()),
        median_days=pl.col("seconds").median() / DAY_SECONDS,
    )


def named(counted: pl.DataFrame, seeds: Path) -> pl.DataFrame:
    """The cells with the names of agency, commune and field."""
    registry = {
        name: pl.read_csv(seeds / f"{name}.csv", infer_schema=False)
        for name in ("agencies", "areas", "area_crosswalk", "procedure_fields")
    }
    dated = [pl.col(name).str.to_date() for name in ("valid_from", "valid_to")]
    communes = registry["areas"].with_columns(dated).filter(pl.col("level") == "commune")
    communes = communes.select(
        "area_code", "valid_from", "valid_to", commune_name=pl.concat_str("kind", "name", separator=" ")
    )
    agencies = (
        registry["agencies"]
        .with_columns(dated)
        .select("agency_code", "valid_from", "valid_to", "area_code", agency_name="name", level="level")
        .sort("valid_from")
        .join_asof(
            communes.sort("valid_from").with_columns(commune_code="area_code"),
            on="valid_from",
            by="area_code",
            suffix="_commune",
            check_sortedness=False,
        )
    )
    successors = (
        registry["area_crosswalk"]
        .group_by("old_code")
        .agg(only=pl.col("new_code").n_unique() == 1, new_code=pl.col("new_code").min())
        .select("old_code", "only", new_code=pl.when("only").then("new_code"))
    )
    current = communes.filter(pl.col("valid_to").is_null())
    is_replaced = pl.col("valid_to_commune").is_not_null()
    match = (
        pl.when(pl.col("level") != "commune").then(pl.lit("not_commune"))
        .when(pl.col("commune_code").is_null()).then(pl.lit("unknown"))
        .when(~is_replaced).then(pl.lit("exact"))
        .when(pl.col("only").is_null()).then(pl.lit("unknown"))
        .when("only").then(pl.lit("exact")).otherwise(pl.lit("split"))
    )  # fmt: skip
    agencies = (
        agencies.join(successors, left_on="commune_code", right_on="old_code", how="left")
        .with_columns(today=pl.when(is_replaced).then("new_code").otherwise("commune_code"), area_match=match)
        .join(
            current.select(today="area_code", commune_code_today="area_code", commune_name_today="commune_name"),
            on="today",
            how="left",
        )
    )
    fields = registry["procedure_fields"].select(procedure_field_code="field_code", procedure_field_name="name_vi")
    is_valid = pl.col("month") <= pl.col("valid_to").fill_null(date.max)
    of_agency = ("agency_name", "level", "commune_code", "commune_name", "commune_code_today", "commune_name_today")
    return (
        counted.sort("month")
        .join_asof(
            agencies.sort("valid_from"),
            left_on="month",
            right_on="valid_from",
            by="agency_code",
            check_sortedness=False,
        )
        .with_columns(pl.when(is_valid).then(pl.col(*of_agency)), area_match=pl.when(is_valid).then("area_match"))
        .join(fields, on="procedure_field_code", how="left")
        .with_columns(
            pl.col("agency_name", "procedure_field_name").fill_null(""),
            agency_level=pl.col("level").fill_null("unknown"),
            area_match=pl.col("area_match").fill_null("unknown"),
            is_after_merger=pl.col("month") >= date(2025, 7, 1),
        )
    )


def rounded(value: pl.Expr) -> pl.Expr:
    return value.round(2, mode="half_away_from_zero")


def dossier_timeliness(rows: pl.DataFrame) -> pl.DataFrame:
    is_shown, in_time = pl.col("resolved") >= MIN_CELL_COUNT, pl.col("early") + pl.col("on_time") + pl.col("in_process")
    status = pl.when(pl.col("resolved") == 0).then(pl.lit("missing"))
    return (
        rows.with_columns(
            on_time_pct=rounded(100.0 * in_time / pl.col("received")),
            mean_days=pl.when(is_shown).then(rounded(pl.col("mean_days"))),
            median_days=pl.when(is_shown).then(rounded(pl.col("median_days"))),
            days_status=status.when(is_shown).then(pl.lit("observed")).otherwise(pl.lit("suppressed")),
        )
        .select(TIMELINESS)
        .sort(KEY)
    )


def online_submission(rows: pl.DataFrame) -> pl.DataFrame:
    """The fields of an office with few dossiers in a month are one row, as the release publishes them."""
    received, code = pl.col("received"), pl.col("procedure_field_code")
    smaller = received.cum_sum().over("month", "agency_code") - received
    is_small = (received < MIN_CELL_COUNT) | smaller.is_between(1, MIN_CELL_COUNT - 1)
    return (
        rows.sort("received", "procedure_field_code", nulls_last=True)
        .with_columns(
            pl.when(is_small).then(pl.lit(OTHER[0])).otherwise(code).alias("procedure_field_code"),
            pl.when(is_small).then(pl.lit(OTHER[1])).otherwise("procedure_field_name").alias("procedure_field_name"),
        )
        .group_by(PLACE)
        .agg(pl.col(SUBMITTED).sum())
        .with_columns(online_pct=rounded(100.0 * pl.col("online") / received))
        .sort(KEY)
    )


def main() -> None:
    arguments = given(__doc__)
    query = cells(latest(versions(arguments.files)), arguments.seeds, last_day(arguments.files))
    rows = named(query.collect(engine="streaming"), arguments.seeds)
    for mart in (dossier_timeliness, online_submission):
        mart(rows).write_parquet(arguments.out / f"{mart.__name__}.parquet", compression="zstd")


if __name__ == "__main__":
    main()
