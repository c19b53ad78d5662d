"""PySpark, local: the DataFrame API of one Spark in one JVM.

Follows https://spark.apache.org/docs/latest/api/python/getting_started/quickstart_df.html,
https://spark.apache.org/docs/latest/sql-data-sources-json.html (an explicit schema, so that nothing is inferred) and
https://spark.apache.org/docs/latest/sql-performance-tuning.html (adaptive execution, on by default, few partitions
for one machine, broadcast of the registries). A mart is one file: coalesced to one partition and moved to its name.

Does: reads, keeps the newest version of each dossier, counts, names, merges small rows, writes Parquet.
Leaves out: any check of a record or of a result. The limit of memory is that of the JVM's heap. Needs Java 17 or
newer.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - its usual name

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
SCHEMA = """
    MaHoSo string, MaTTHC string, MaLinhVuc string, KenhThucHien string, NgayTiepNhan string, NgayHenTra string,
    NgayKetThucXuLy string, NgayTra string, NgayTuChoi string,
    DanhSachHoSoBoSung array<struct<NgayBoSung: string, NgayTiepNhanBoSung: string>>,
    DanhSachGiayToKetQua array<struct<DuongDanTepTinKetQua: string>>
"""


def session(threads: int, memory: str) -> SparkSession:
    return (
        SparkSession.builder.master(f"local[{threads}]")
        .config("spark.driver.memory", memory.lower().removesuffix("b"))
        .config("spark.sql.shuffle.partitions", 2 * threads)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )


def time(text: Column) -> Column:
    """A time in either spelling of the feed; "" is null. In seconds since 1970: Spark subtracts numbers, not times."""
    formats = ("yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss")
    return F.unix_timestamp(F.coalesce(*(F.try_to_timestamp(text, F.lit(spelling)) for spelling in formats)))


def day(seconds: Column) -> Column:
    return F.to_date(F.timestamp_seconds(seconds))


def end_of(date: Column) -> Column:
    """The last second of a day."""
    return F.unix_timestamp(date.cast("timestamp")) + DAY_SECONDS - 1


def versions(spark: SparkSession, files: Sequence[Path]) -> DataFrame:
    """A row per record, with typed fields."""
    file, supplements, no_seconds = F.input_file_name(), F.col("DanhSachHoSoBoSung"), F.lit(0).cast("long")
    month = F.to_date(F.nullif(F.regexp_extract(file, MONTH_IN_NAME, 1), F.lit("")), "yyyy-MM")
    named = F.to_date(F.nullif(F.regexp_extract(file, DAY_IN_NAME, 1), F.lit("")))
    waited = F.transform(
        supplements, lambda entry: F.greatest(F.lit(0), time(entry.NgayTiepNhanBoSung) - time(entry.NgayBoSung))
    )
    return spark.read.schema(SCHEMA).json([str(path) for path in files]).select(
        F.col("MaHoSo").alias("dossier"),
        F.coalesce(named, F.last_day(month)).alias("day"),
        F.col("MaTTHC").alias("procedure_code"),
        F.col("MaLinhVuc").alias("field_code"),
        F.col("KenhThucHien").alias("channel"),
        time(F.col("NgayTiepNhan")).alias("received_at"),
        time(F.col("NgayHenTra")).alias("due_at"),
        F.coalesce(*(time(F.col(name)) for name in ("NgayKetThucXuLy", "NgayTra", "NgayTuChoi"))).alias("ended_at"),
        F.size(supplements).alias("asked_times"),
        time(F.get(supplements, F.lit(0)).NgayBoSung).alias("asked_at"),
        time(F.get(supplements, F.lit(0)).NgayTiepNhanBoSung).isNotNull().alias("is_answered"),
        F.aggregate(waited, no_seconds, lambda total, one: total + F.coalesce(one, no_seconds)).alias("waited"),
        F.exists("DanhSachGiayToKetQua", lambda entry: entry.DuongDanTepTinKetQua != "").alias("has_e_result"),
    )  # fmt: skip


def latest(rows: DataFrame) -> DataFrame:
    """The newest version of each dossier."""
    others = F.struct(*(name for name in rows.columns if name != "dossier"))
    newest = rows.groupBy("dossier").agg(F.max_by(others, "day").alias("newest"))
    return newest.select("dossier", "newest.*").where(F.col("received_at").isNotNull())


def registry(spark: SparkSession, seeds: Path, name: str) -> DataFrame:
    """A registry as text."""
    return spark.read.csv(str(seeds / f"{name}.csv"), header=True, multiLine=True, escape='"')


def working_days(spark: SparkSession, seeds: Path) -> DataFrame:
    """Every day with its number among the working days."""
    days = spark.sql("select explode(sequence(date'2015-01-01', date'2035-12-31')) as day")
    holidays = registry(spark, seeds, "public_holidays").select(
        F.to_date("holiday_date").alias("day"), F.lit(1).alias("h")
    )
    days = days.join(F.broadcast(holidays), "day", "left")
    days = days.withColumn("is_working", (F.weekday("day") < 5) & F.col("h").isNull())
    number = F.sum(F.col("is_working").cast("long")).over(Window.orderBy("day"))
    return days.select("day", "is_working", number.alias("number"))


def cells(spark: SparkSession, dossiers: DataFrame, seeds: Path, as_of: date) -> DataFrame:
    """The counts of both marts by month, agency and field."""
    procedures = registry(spark, seeds, "procedures").select(
        *("procedure_code", "service_level", "statutory_unit"),
        F.col("statutory_days").cast("long").alias("statutory_days"),
        (F.col("requires_paper_result") == "true").alias("needs_paper"),
        F.col("field_code").alias("own_field"),
    )
    calendar = working_days(spark, seeds)
    ends = calendar.where("is_working").select("number", F.col("day").alias("term_day"))
    received, ended, unit, days = (
        F.col("received_at"),
        F.col("ended_at"),
        F.col("statutory_unit"),
        F.col("statutory_days"),
    )
    term = (
        F.when(unit == "hour", received + 3600 * days)
        .when(unit == "day", end_of(F.date_add(day(received), days.cast("int"))))
        .when(unit == "working_day", end_of(F.col("term_day")))
    )
    is_waiting = (F.col("asked_times") == 1) & ~F.col("is_answered")
    open_end = F.least(F.when(is_waiting, F.col("asked_at")), end_of(F.least(F.last_day(day(received)), F.lit(as_of))))
    judged = (
        dossiers.join(F.broadcast(procedures), "procedure_code", "left")
        .withColumn("received_day", day(received))
        .join(F.broadcast(calendar.select(F.col("day").alias("received_day"), "number")), "received_day", "left")
        .withColumn("number", F.col("number") + days)
        .join(F.broadcast(ends), "number", "left")
        .withColumns(
            {
                "month": F.trunc("received_day", "month"),
                "agency_code": F.regexp_extract("dossier", "^(.+)-[0-9]+-[0-9]+$", 1),
                "procedure_field_code": F.coalesce("own_field", "field_code"),
                "term_at": F.coalesce("due_at", term),
                "end_at": F.coalesce(ended, open_end) - F.col("waited"),
                "seconds": F.when(ended.isNotNull(), F.greatest(F.lit(0), ended - received - F.col("waited"))),
            }
        )
        .withColumn("is_late", (F.col("asked_times") > 1) | (F.col("end_at") > F.col("term_at")))
    )
    is_late, is_resolved, is_online = F.col("is_late"), ended.isNotNull(), F.col("channel") == "2"
    end_day, term_day, level = day(F.col("end_at")), day(F.col("term_at")), F.col("service_level")
    counts = {
        "resolved": is_resolved,
        "early": is_resolved & ~is_late & (end_day < term_day),
        "on_time": is_resolved & ~is_late & (end_day == term_day),
        "late": is_resolved & is_late,
        "in_process": ~is_resolved & ~is_late,
        "overdue": ~is_resolved & is_late,
        "no_term": (F.col("asked_times") <= 1) & F.col("term_at").isNull(),
        "online": is_online,
        "in_person": F.coalesce("channel", F.lit("")).isin("", "1"),
        "by_post": F.col("channel") == "3",
        "full_service": level == "4",
        "partial_service": level == "3",
        "online_full_service": is_online & (level == "4"),
        "online_partial_service": is_online & (level == "3"),
        "online_with_e_result": is_online & (F.col("has_e_result") | ~F.coalesce("needs_paper", F.lit(False))),
    }
    return judged.groupBy(*KEY).agg(
        F.count("*").alias("received"),
        *(F.count_if(condition).alias(name) for name, condition in counts.items()),
        (F.sum("seconds") / (DAY_SECONDS * F.count("seconds"))).alias("mean_days"),
        (F.median("seconds") / DAY_SECONDS).alias("median_days"),
    )


def dated(rows: DataFrame) -> DataFrame:
    until = F.coalesce(F.to_date("valid_to"), F.to_date(F.lit("9999-12-31")))
    return rows.withColumns({"since": F.to_date("valid_from"), "until": until})


def agencies_of(spark: SparkSession, seeds: Path) -> DataFrame:
    """Each agency and period of validity, with its commune then and now."""
    communes = dated(registry(spark, seeds, "areas")).where("level = 'commune'")
    name = F.concat_ws(" ", "kind", "name")
    old = communes.select(
        *(F.col("area_code").alias("commune_code"), name.alias("commune_name")),
        *(F.col("valid_to").isNotNull().alias("is_replaced"), F.col("since").alias("from"), F.col("until").alias("to")),
    )
    today = communes.where("valid_to is null").select(
        F.col("area_code").alias("commune_code_today"), name.alias("commune_name_today")
    )
    successors = registry(spark, seeds, "area_crosswalk").groupBy("old_code").agg(
        (F.countDistinct("new_code") == 1).alias("is_one"), F.min("new_code").alias("new_code")
    )  # fmt: skip
    is_replaced, is_one = F.col("is_replaced"), F.col("is_one")
    match = (
        F.when(F.col("agency_level") != "commune", "not_commune")
        .when(F.col("commune_code").isNull(), "unknown")
        .when(~is_replaced, "exact")
        .when(is_one, "exact")
        .when(~is_one, "split")
        .otherwise("unknown")
    )
    code_today = F.when(~is_replaced, F.col("commune_code")).when(is_one, F.col("new_code"))
    return (
        dated(registry(spark, seeds, "agencies"))
        .withColumnsRenamed({"agency_code": "code", "name": "agency_name", "level": "agency_level"})
        .join(
            old,
            (F.col("area_code") == F.col("commune_code")) & F.col("since").between(F.col("from"), F.col("to")),
            "left",
        )
        .join(successors, F.col("commune_code") == F.col("old_code"), "left")
        .join(today, F.col("commune_code_today") == code_today, "left")
        .withColumn("area_match", match)
    )


def named(spark: SparkSession, counted: DataFrame, seeds: Path) -> DataFrame:
    """The cells with the names of agency, commune and field."""
    is_valid = (F.col("agency_code") == F.col("code")) & F.col("month").between(F.col("since"), F.col("until"))
    fields = registry(spark, seeds, "procedure_fields").select(
        F.col("field_code").alias("procedure_field_code"), F.col("name_vi").alias("procedure_field_name")
    )
    return (
        counted.join(F.broadcast(agencies_of(spark, seeds)), is_valid, "left")
        .join(F.broadcast(fields), "procedure_field_code", "left")
        .fillna({"agency_name": "", "agency_level": "unknown", "area_match": "unknown", "procedure_field_name": ""})
        .withColumn("is_after_merger", F.col("month") >= F.to_date(F.lit("2025-07-01")))
    )


def rounded(value: Column) -> Column:
    """Half up of the binary number, as DuckDB and polars round; Spark's own `round` goes by its decimal text."""
    return F.floor(value * 100 + 0.5) / 100


def dossier_timeliness(rows: DataFrame) -> DataFrame:
    is_shown, in_time = F.col("resolved") >= MIN_CELL_COUNT, F.col("early") + F.col("on_time") + F.col("in_process")
    status = F.when(F.col("resolved") == 0, "missing").when(is_shown, "observed").otherwise("suppressed")
    return rows.withColumns(
        {
            "on_time_pct": rounded(100.0 * in_time / F.col("received")),
            "mean_days": F.when(is_shown, rounded(F.col("mean_days"))),
            "median_days": F.when(is_shown, rounded(F.col("median_days"))),
            "days_status": status,
        }
    ).select(*TIMELINESS)


def online_submission(rows: DataFrame) -> DataFrame:
    """The fields of an office with few dossiers in a month are one row, as the release publishes them."""
    order = Window.partitionBy("month", "agency_code").orderBy(
        F.col("received"), F.asc_nulls_last("procedure_field_code")
    )
    smaller = F.sum("received").over(order.rowsBetween(Window.unboundedPreceding, Window.currentRow)) - F.col(
        "received"
    )
    few = MIN_CELL_COUNT - 1
    rows = rows.withColumn("is_small", (F.col("received") <= few) | smaller.between(1, few)).withColumns(
        {
            name: F.when(F.col("is_small"), other).otherwise(F.col(name))
            for name, other in zip(("procedure_field_code", "procedure_field_name"), OTHER, strict=True)
        }
    )
    merged = rows.groupBy(*PLACE).agg(*(F.sum(name).alias(name) for name in SUBMITTED))
    return merged.withColumn("online_pct", rounded(100.0 * F.col("online") / F.col("received")))


def main() -> None:
    arguments = given(__doc__)
    spark = session(arguments.threads, arguments.memory)
    dossiers = latest(versions(spark, arguments.files))
    counted = cells(spark, dossiers, arguments.seeds, last_day(arguments.files))
    rows = named(spark, counted, arguments.seeds).cache()
    for mart in (dossier_timeliness, online_submission):
        folder = arguments.out / "parts"
        mart(rows).orderBy(*KEY).coalesce(1).write.parquet(str(folder), mode="overwrite", compression="zstd")
        shutil.move(next(folder.glob("*.parquet")), arguments.out / f"{mart.__name__}.parquet")
    spark.stop()


if __name__ == "__main__":
    main()
