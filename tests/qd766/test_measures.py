"""The index recomputed from dossiers: a made-up year meets the published shares; `explain` shows lost points."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipelines.language import use
from pipelines.qd766.rules import Rules, Share
from pipelines.scoreboard.qd766_explain import ExplainError, explain, period_of
from pipelines.settings import PROJECT_ROOT
from pipelines.sources.petitions import SOURCE as PETITIONS
from pipelines.transform.marts import marts_of
from pipelines.warehouse.connection import Warehouse
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
ROWS = 20_000

PUBLISHED = {  # Hà Tĩnh, 1 January to 10 October 2026, shares of counts on the national portal
    "DOSSIER_ON_TIME": 168_229 / 204_147,
    "ORIGINAL_RESULT_AVAILABLE": 133_233 / 204_147,
    "SO_HOA_GIAY_TO_GIAI_QUYET": 59_407 / 204_147,
    "REUSED_DIGITIZED_DATA": 39_101 / 204_147,
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": 809 / 204_147,
    "CITIZEN_DATA_CONNECTED_DOSSIER": 83_440 / 204_147,
    "PAYMENT_DOSSIER": 96_068 / 110_621,
    "ONLINE_DOSSIER": 0.9702,  # of 2025
}


@pytest.fixture(autouse=True)
def _vietnamese() -> None:
    use("vi")


@pytest.fixture(scope="module")
def year(fresh_world: Callable[[], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made-up dossiers of 2026 up to 10 October: nine months built at once, then the running one as an increment."""
    world = fresh_world()
    report = write_dossiers(
        tmp_path_factory.mktemp("sample"),
        SEEDS,
        rows=ROWS,
        seed=766,
        first=dt.date(2026, 1, 1),
        last=dt.date(2026, 10, 10),
        dirt=0,
    )
    *months, running = report.paths
    for path in months:
        world.land(path.name, path.read_bytes())
    world.load()
    world.build()
    world.land(running.name, running.read_bytes())
    world.load()
    world.build()
    return world


def of_province(world: World) -> dict[str, tuple[int, int, float]]:
    rows = world.rows(
        "select component_code, numerator, denominator, points from intermediate.int_qd766_components "
        "where agency_level = 'total' and period_type = 'year'"
    )
    return {code: (numerator, denominator, points) for code, numerator, denominator, points in rows}


@pytest.mark.slow
class TestMadeUpYear:
    @pytest.mark.parametrize("code", PUBLISHED)
    def test_shares_are_those_published(self, year: World, code: str) -> None:
        numerator, denominator, _ = of_province(year)[code]
        expected = PUBLISHED[code]
        sampling_error = (expected * (1 - expected) / denominator) ** 0.5
        assert abs(numerator / denominator - expected) < 4 * sampling_error

    def test_procedures_are_counted_out_of_the_catalogue(self, year: World) -> None:
        found = of_province(year)
        paid, linked = found["PAYMENT_PROCEDURE"], found["CITIZEN_DATA_CONNECTED_FORMALITY"]
        assert (paid[1], linked[1]) == (334, 1331)
        # few dossiers: of the rarest procedures none occurred yet
        assert 0.8 * 98 <= paid[0] <= 98
        assert 0.8 * 261 <= linked[0] <= 261

    def test_every_component_is_there_in_every_period_and_agency(self, year: World, rules: Rules) -> None:
        scopes = year.rows(
            "select list_sort(list(component_code)) from intermediate.int_qd766_components "
            "group by period_type, period_start, agency_code"
        )
        assert {tuple(codes) for (codes,) in scopes} == {tuple(sorted(rules.components))}
        portal = year.rows(
            "select distinct component_code, numerator, denominator, points from intermediate.int_qd766_components "
            "where basis = 'portal'"
        )
        reported = ("dossiers", "catalogue")
        unknown = {c.component_code for c in rules.components.values() if c.computed_from not in reported}
        assert sorted(portal) == sorted((code, None, None, None) for code in unknown - {"ELECTRONIC_CERTIFIED_COPY"})

    def test_points_are_those_of_the_rules(self, year: World, rules: Rules) -> None:
        rows = year.rows(
            "select component_code, numerator, denominator, points, max_points "
            "from intermediate.int_qd766_components using sample 300 rows (reservoir, 1)"
        )
        expected = rules.points([[Share(code, numerator, denominator)] for code, numerator, denominator, _, _ in rows])
        assert [None if p is None else Decimal(str(p)) for _, _, _, p, _ in rows] == expected
        assert all(p is None or 0 <= p <= most for *_, p, most in rows)

    def test_agencies_sum_to_the_province_where_dossiers_are_counted(self, year: World) -> None:
        different = year.rows(
            """
            select period_type, period_start, component_code
            from intermediate.int_qd766_components
            where basis = 'dossiers' and component_code not in (
                select component_code from marts.qd766_points_lost where counted_in = 'procedure'
            )
            group by period_type, period_start, component_code
            having sum(numerator) filter (where agency_level = 'total')
                is distinct from sum(numerator) filter (where agency_level <> 'total')
            or sum(denominator) filter (where agency_level = 'total')
                is distinct from sum(denominator) filter (where agency_level <> 'total')
            """
        )
        assert different == []

    def test_a_month_is_on_time_as_in_the_mart_of_timeliness(self, year: World) -> None:
        different = year.rows(
            """
            with ours as (
                select period_start as month, agency_code, numerator, denominator
                from intermediate.int_qd766_components
                where component_code = 'DOSSIER_ON_TIME' and period_type = 'month' and agency_level <> 'total'
            ),
            theirs as (
                select month, agency_code, sum(early + on_time + in_process), sum(received)
                from marts.dossier_timeliness group by month, agency_code
            )
            (from ours except from theirs) union all (from theirs except from ours)
            """
        )
        assert different == []

    @pytest.mark.parametrize(("kind", "months"), [("quarter", 3), ("year", 12)])
    def test_a_longer_period_judges_what_is_open_at_its_own_end(self, year: World, kind: str, months: int) -> None:
        ((different,),) = year.rows(
            f"""
            with expected as (
                select
                    date_trunc('{kind}', received_at) as period_start,
                    count(*) filter (
                        where supplement_count <= 1 and term_at is not null
                        and term_at >= least(
                            coalesce(judged_end_at, timestamp 'infinity'),
                            if(is_resolved, timestamp 'infinity', least(
                                date_trunc('{kind}', received_at) + interval {months} month - interval 1 second,
                                timestamp '2026-10-10 23:59:59'
                            ))
                        ) - to_seconds(waiting_seconds)
                    ) as on_time
                from intermediate.int_dossiers where received_at is not null group by all
            )
            select count(*) from expected as e
            full join (
                from intermediate.int_qd766_components
                where component_code = 'DOSSIER_ON_TIME' and period_type = '{kind}' and agency_level = 'total'
            ) as c on c.period_start = e.period_start
            where c.numerator is distinct from e.on_time
            """
        )
        assert different == 0

    def test_what_is_needed_wins_what_is_promised(self, year: World, rules: Rules) -> None:
        rows = year.rows(
            """
            select
                c.component_code, c.numerator, c.denominator, l.needed_for_all, l.needed_for_tenth, c.max_points,
                c.points
            from (
                select distinct period_type, period_start, agency_code, component_code, needed_for_all, needed_for_tenth
                from marts.qd766_points_lost where points_lost > 0
            ) as l inner join intermediate.int_qd766_components as c
            using (period_type, period_start, agency_code, component_code)
            using sample 300 rows (reservoir, 1)
            """
        )
        assert rows
        full, tenth = (
            rules.points([[Share(row[0], row[1] + row[needed], row[2])] for row in rows]) for needed in (3, 4)
        )
        assert [float(p or 0) for p in full] == [row[5] for row in rows]
        # a tenth before rounding, and rounding takes at most a hundredth
        assert all(float(p or 0) >= min(row[6] + 0.0899, row[5]) for p, row in zip(tenth, rows, strict=True))

    def test_an_increment_gives_what_a_full_build_gives(self, year: World) -> None:
        """Runs last: it makes a full rebuild."""
        tables = [mart.relation for mart in marts_of(year.dbt.manifest()) if "dossiers" in mart.sources]
        tables += [f"intermediate.int_qd766_{name}" for name in ("counts", "shares", "components")]

        def content() -> dict[str, list[str]]:
            return {table: sorted(map(repr, year.rows(f"from {table}"))) for table in tables}

        increment = content()
        year.build(full_refresh=True)
        assert content() == increment


@pytest.mark.slow
def test_petitions_sum_to_the_province_without_a_dossier(world: World) -> None:
    header = "Mã phản ánh,Mã đơn vị,Ngày tiếp nhận,Ngày trả lời,Hài lòng\n"
    # one is addressed to the province itself, which is no agency beside its own total
    answers = [("H27.101", "03/03/2026", "0"), ("H27.102", "", ""), ("H27", "04/03/2026", "1")]
    lines = (f"PA-{n},{agency},02/03/2026,{day},{liked}\n" for n, (agency, day, liked) in enumerate(answers))
    world.land("pakn-2026-05-10.csv", (header + "".join(lines)).encode(), PETITIONS)
    world.load()
    world.build()
    found = world.rows(
        "select agency_code, component_code, numerator, denominator, points from intermediate.int_qd766_components "
        "where basis = 'petitions' and period_type = 'month' order by all"
    )
    of_agencies = [
        ("H27", (1, 0, 2, 3), (2.0, 4.0)),
        ("H27.101", (0, 0, 1, 1), (0.0, 6.0)),
        ("H27.102", (0, 0, 0, 1), (0.0, 0.0)),
    ]
    assert found == [
        row
        for agency, (liked, about, on_time, all_), (liked_points, points) in of_agencies
        for row in (
            (agency, "PETITION_CLASSIFICATION_STAFF", about, all_, None),
            (agency, "PETITION_CLASSIFICATION_TTHC", about, all_, None),
            (agency, "PETITION_HANDLING_SATISFACTION", liked, all_, liked_points),
            (agency, "PETITION_PROCESSING_ON_TIME", on_time, all_, points),
        )
    ]
    assert world.rows("from marts.satisfaction") == []


# ------------------------------------------------------------------------------------------------------------- explain
ROWS_OF_EXPLAIN = [
    # code, group, field, name, counted_in, counted, achieved, lost, points, most, tenth, all
    ("DOSSIER_ON_TIME", "TDGQ", "DD", "Đất đai", "dossier", 60, 30, 4.0, 14.0, 20.0, 1, 30),
    ("DOSSIER_ON_TIME", "TDGQ", "HT", "Hộ tịch", "dossier", 40, 25, 2.0, 14.0, 20.0, 1, 30),
    ("PAYMENT_PROCEDURE", "TTTT", "HT", "Hộ tịch", "procedure", 10, 8, 1.5, 0.5, 2.0, 1, 3),
    ("ONLINE_DOSSIER", "CLGQ", "", "", "dossier", 100, 97, 0.0, 6.0, 6.0, 0, 0),
    ("PAYMENT_DOSSIER", "TTTT", "", "", "dossier", 0, 0, None, 0.0, 6.0, 0, 0),
]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release with the lost points of one agency and of the province, in the year 2026 and its third quarter."""
    rows = ", ".join(
        str(row).replace("None", "null")
        for scope in (("year", "2026-01-01"), ("quarter", "2026-07-01"))
        for agency in (("H27", "", "total"), ("H27.101", "UBND phường Thành Sen", "commune"))
        for row in [(*scope, *agency, *values, "làm nhanh hơn", "be faster") for values in ROWS_OF_EXPLAIN]
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select * replace (
                    cast(period_start as date) as period_start, cast(points_lost as double) as points_lost,
                    cast(points as double) as points, cast(max_points as double) as max_points
                ), counted - achieved as short
                from (values {rows}) as t (
                    period_type, period_start, agency_code, agency_name, agency_level, component_code, group_code,
                    procedure_field_code, procedure_field_name, counted_in, counted, achieved, points_lost, points,
                    max_points, needed_for_tenth, needed_for_all, how_to_win_vi, how_to_win_en
                )
            ) to '{tmp_path / "qd766_points_lost.parquet"}'
            """
        )
    return tmp_path


def text_of(*arguments: Any, **options: Any) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(explain(*arguments, **{"agency": None, "period": None, **options}))
    return captured.get()


def line(text: str, *words: str) -> str:
    return next(row for row in text.splitlines() if all(word in row for word in words))


def test_the_score_is_taken_apart_by_group_and_component(release: Path) -> None:
    shown = text_of(release, None)
    assert "(H27) · 2026" in shown
    assert line(shown, "2.1 ").split()[-2:] == ["14,00", "20"]
    assert line(shown, "1.1 ").split()[-2:] == ["–", "6"]
    assert line(shown, "Thanh toán trực tuyến ").split()[-2:] == ["0,50", "10"]
    # 14 + 6 + 0.5 + 0, and the 2 points that everybody has
    assert line(shown, "Tổng").split()[-2:] == ["22,50", "100"]


def test_the_cheapest_points_come_first_with_where_they_are_and_how(release: Path) -> None:
    shown = text_of(release, None)
    cheapest = shown[shown.index("Điểm dễ lấy lại nhất") :]
    assert cheapest.index("3.5b") < cheapest.index("2.1 ")  # 3 / 1.5 procedures a point, 30 / 6 dossiers
    assert "Đất đai" in cheapest
    assert "làm nhanh hơn" in cheapest
    assert "3.3 " not in cheapest
    only = text_of(release, None, top=1)
    assert "2.1 " not in only[only.index("Điểm dễ lấy lại nhất") :]


def test_published_points_stand_beside_them(release: Path) -> None:
    assert "Công bố" not in text_of(release, None)
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (select 'year' as period_type, date '2026-01-01' as period_start, 'H27' as agency_code, * from (values
                ('DOSSIER_ON_TIME', 16.48e0), ('TDGQ', 16.48e0), ('TOTAL', 57.2e0), ('PAYMENT_DOSSIER', null)
            ) as t (item_code, published_points)) to '{release / "qd766_scores.parquet"}'
            """
        )
    shown = text_of(release, None)
    assert line(shown, "2.1 ").split()[-3:] == ["14,00", "16,48", "20"]
    assert line(shown, "Tổng").split()[-3:] == ["22,50", "57,20", "100"]
    assert line(shown, "3.6 ").split()[-3:] == ["0,00", "–", "6"]
    assert "Công bố" not in text_of(release, None, agency="H27.101")


def test_an_unknown_agency_or_period_is_answered_with_those_that_exist(release: Path) -> None:
    assert "UBND phường Thành Sen (H27.101) · 2026-Q3" in text_of(release, None, agency="H27.101", period="2026-q3")
    use("en")
    with pytest.raises(ExplainError, match=r"Nothing is known of agency H27\.999.*2 agencies: H27, H27\.101"):
        text_of(release, None, agency="H27.999")
    with pytest.raises(ExplainError, match=r"period 2027.*from 2026-01 to 2026-07"):
        text_of(release, None, period="2027")
    with pytest.raises(ExplainError, match="hatinh run"):
        text_of(release / "nothing", None)


def test_a_synthetic_release_is_marked(release: Path) -> None:
    assert "DỮ LIỆU MẪU" not in text_of(release, None)
    (release / "datapackage.json").write_text('{"synthetic": true}', encoding="utf-8")
    assert "DỮ LIỆU MẪU" in text_of(release, None)


def test_the_dossiers_behind_are_shown_by_pseudonym_if_the_warehouse_is_free(release: Path, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "private" / "warehouse.duckdb")
    assert "ở đây chưa có kho" in text_of(release, warehouse.path)
    with warehouse.connect() as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            """
            create table intermediate.int_qd766_flags as
            select cast(id as uuid) as dossier_id, ['DOSSIER_ON_TIME'] as falls_short_in, field as procedure_field_code,
                agency as agency_code, month as received_month, false as is_resolved
            from (values
                ('00000000-0000-0000-0000-00000000000a', 'DD', 'H27.101', date '2026-08-01'),
                ('00000000-0000-0000-0000-00000000000b', 'DD', 'H27.102', date '2026-08-01'),
                ('00000000-0000-0000-0000-00000000000c', 'HT', 'H27.101', date '2026-08-01'),
                ('00000000-0000-0000-0000-00000000000d', 'DD', 'H27.101', date '2026-02-01')
            ) as t (id, field, agency, month)
            """
        )
    shown = text_of(release, warehouse.path, agency="H27.101", period="2026-Q3")
    assert [end for end in "abcd" if f"-00000000000{end}" in shown] == ["a"]
    whole = text_of(release, warehouse.path)
    assert [end for end in "abcd" if f"-00000000000{end}" in whole] == ["a", "b", "d"]
    with warehouse.hold("a test", dt.datetime(2026, 10, 11, tzinfo=dt.UTC)):
        held = text_of(release, warehouse.path)
    assert "đang được" in held
    assert "00000000-0000" not in held


def test_a_warehouse_that_cannot_be_read_is_no_error(release: Path, tmp_path: Path) -> None:
    broken = tmp_path / "warehouse.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    assert "không đọc được kho" in text_of(release, broken)


@given(st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)))
def test_periods_are_read_as_people_type_them(day: dt.date) -> None:
    quarter = (day.month + 2) // 3
    assert period_of(f"{day.year:04}") == ("year", dt.date(day.year, 1, 1))
    assert period_of(f" {day.year:04}-{day.month:02} ") == ("month", day.replace(day=1))
    assert period_of(f"{day.year:04}-Q{quarter}") == ("quarter", dt.date(day.year, 3 * quarter - 2, 1))


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-Q5", "2026-00", "0000", "tháng 9", "2026-09-01"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ExplainError, match="2026-Q3"):
        period_of(text)
