"""The page for readers: one HTML file with everything in it, Vietnamese first, English at a switch.

It shows rows of the release as they are; what the release does not have is named in its place. Layout and texts of the
page are in `templates/`, words for codes in `words.py`, the lists of the first screen in `answers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines import language
from pipelines.periods import MONTHS, VIETNAM
from pipelines.release.reader import Row
from pipelines.release.released import Release
from pipelines.scoreboard import answers, words
from pipelines.scoreboard.charts import Charts, at, geojson
from pipelines.scoreboard.charts import prepare as prepare_charts
from pipelines.scoreboard.rows import STATUSES, Place, Rows
from pipelines.scoreboard.statistics import overdue_publishers
from pipelines.scoreboard.words import Text

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class Measure:
    """What the map can show. `steps` are fixed, so that maps of two releases can be compared."""

    column: str
    table: str
    title: Text
    steps: tuple[float, float, float, float]
    note: Text


MEASURES = (
    Measure(
        "on_time_pct",
        "dossier_timeliness",
        Text("Hồ sơ đúng hạn, trước hạn", "Dossiers on time or early"),
        (70, 80, 90, 95),
        Text(
            "Hồ sơ trước hạn, đúng hạn (kể cả đang giải quyết trong hạn) trên hồ sơ tiếp nhận trong năm.",
            "Dossiers early or on time (those within their term included) of dossiers received in the year.",
        ),
    ),
    Measure(
        "online_pct",
        "online_submission",
        Text("Hồ sơ nộp trực tuyến", "Dossiers submitted online"),
        (50, 70, 80, 90),
        Text(
            "Hồ sơ nộp qua kênh trực tuyến trên hồ sơ tiếp nhận trong năm.",
            "Dossiers submitted online of dossiers received in the year.",
        ),
    ),
    *(
        Measure(
            column,
            "telecom_coverage",
            Text(f"Thôn có {vi}", f"Villages with {en}"),
            (50, 70, 90, 100),
            Text(
                f"Thôn, tổ dân phố chắc chắn có {vi} của ít nhất một doanh nghiệp, trên tất cả số thôn.",
                f"Villages that at least one operator surely reaches with {en}, of all villages.",
            ),
        )
        for column, vi, en in (
            ("villages_5g_pct", "sóng 5G", "5G"),
            ("villages_4g_pct", "sóng 4G", "4G"),
            ("villages_fibre_pct", "cáp quang", "fibre"),
        )
    ),
)


SMALL = 30
"""Fewer dossiers than that are marked and not ranked: one dossier more moves the share by 3 points."""
_LOWEST = 5
_IN_BRIEF = 4
"""Lines of each list in the brief: more do not fit on half a sheet."""


def draw(release: Release, place: Place) -> bytes:
    """The page of a release (UTF-8). The same release, previous release and design give the same bytes."""
    page = _templates().get_template("scoreboard.html").render(**_content(Rows.of(release, place), place))
    return page.encode()


def draw_brief(release: Release, place: Place) -> bytes:
    """Half a sheet of A4 for who decides (UTF-8), in the language of the place alone."""
    with language.speaking(place.language):
        template = _templates(in_one_language=True).get_template("brief.html")
        return template.render(**_brief(Rows.of(release, place), place)).encode()


def prepare() -> None:
    """Compile what pages are drawn with before there is anything to draw: 0.9 s, for a process that waits."""
    for name in ("scoreboard.html", "tile.html"):
        _templates().get_template(name)
    _templates(in_one_language=True).get_template("brief.html")
    prepare_charts()


@cache
def _templates(in_one_language: bool = False) -> jinja2.Environment:
    """The templates, compiled once per process, with the words they may use."""
    import jinja2

    def spoken(value: Any) -> Any:
        return words.unbroken(str(value)) if in_one_language and isinstance(value, Text) else value

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipelines.scoreboard", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=spoken,
    )
    environment.globals.update(
        T=Text,
        tr=language.tr,
        words=words,
        number=words.number,
        quantity=words.quantity,
        said=words.said,
        day=words.day,
    )
    environment.filters["plain"] = words.plain
    environment.filters["lower_first"] = words.lower_first
    return environment


def _brief(rows: Rows, place: Place) -> dict[str, Any]:
    found = answers.answers(_tile(row, rows, None) for row in rows.targets)
    return {
        "place": place,
        "release": rows.release,
        "created": words.moment(rows.release.created_at),
        "data_to": _data_to(rows.targets),
        "answers": found,
        "answer_titles": answers.TITLE,
        "listed": answers.LISTED,
        "shown": _IN_BRIEF,
        "agencies": [agency for agency in answers.agencies(found, ()) if agency.of("behind") or agency.of("needed")],
        "previous": _previous(rows),
        "standing": _standing(rows),
        "lost": sorted((row for row in rows.qd766 if row["points"] is not None), key=_lost, reverse=True)[:3],
    }


def _lost(row: Row) -> float:
    return float(row["max_points"] - row["points"])


def _standing(rows: Rows) -> dict[str, Any] | None:
    """Where the province stands in QĐ 766: newest points and rank, and since the first record of the year."""
    if not rows.standings:
        return None
    first, now = rows.standings[0], rows.standings[-1]
    return {
        "now": now,
        "first": first if first is not now else None,
        "days": rows.standings,
        "points": round((now["total_points"] or 0) - (first["total_points"] or 0), 2),
        "places": (first["rank"] or 0) - (now["rank"] or 0),
    }


def _content(rows: Rows, place: Place) -> dict[str, Any]:
    charts = Charts()
    package = rows.release.package
    pillars = [_pillar(group, rows, charts) for group in _by_pillar(rows.targets)]
    tiles = [tile for pillar in pillars for tile in pillar["tiles"]]
    found = answers.answers(tiles)
    every = answers.agencies(found, rows.lost_by_agency)
    return {
        "agencies": every,
        "acting": [agency for agency in every if agency.of("behind") or agency.of("needed")],
        "communes_lost": [row for row in rows.lost_by_agency if row["agency_level"] == "commune"],
        "peers": rows.peers,
        "standing": _standing(rows),
        "place": place,
        "title": words.title(place.province_name),
        "release": rows.release,
        "package": package,
        "created": words.moment(rows.release.created_at),
        "data_to": _data_to(rows.targets),
        "frozen": _frozen(rows.release),
        "statuses": STATUSES,
        "counts": rows.counts,
        "grades": rows.grades,
        "total": len(rows.targets),
        "pillars": pillars,
        "answers": found,
        "answer_titles": answers.TITLE,
        "answers_short": answers.SHORT,
        "listed": answers.LISTED,
        "tiles": tiles,
        "previous": _previous(rows),
        "why": lambda table: _why_missing(rows.release, table),
        "is_made_up": {r["name"] for r in package["resources"] if r["synthetic"]}.__contains__,
        "map": _map(rows, charts),
        "qd766": [row | {"bar": charts.bar(row["points"] or 0, row["max_points"])} for row in rows.qd766],
        "points_lost": rows.points_lost,
        "villages": rows.villages,
        "gaps": rows.gaps,
        "reports": rows.reports,
        "tables": [_table(resource) for resource in package["resources"]],
        "checks": _checks(rows.release),
        "source_files": _source_files(package),
        "overdue": overdue_publishers(rows.release.path, rows.release.created_at.astimezone(VIETNAM).date()),
    }


def _by_pillar(targets: Iterable[Row]) -> Iterable[list[Row]]:
    for _, group in groupby(targets, key=lambda row: row["pillar"]):
        yield list(group)


def _pillar(targets: Sequence[Row], rows: Rows, charts: Charts) -> dict[str, Any]:
    first = targets[0]
    tiles = [_tile(row, rows, charts) for row in targets]
    cards = _cards(tiles)
    groups = [answers.group_of(tile) for tile in tiles]
    return {
        "id": first["pillar"],
        "position": first["position"],
        "title": Text(first["pillar_vi"], first["pillar_en"]),
        "tiles": tiles,
        "cards": [card for card in cards if card[0]["status"] != "no_data"],
        "unknown": [card for card in cards if card[0]["status"] == "no_data"],
        "summary": [(title, groups.count(group)) for group, title in answers.SHORT.items() if group in groups],
        "is_assessed": any(group in groups for group in ("behind", "met", "on_track")),
    }


def _cards(tiles: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Targets of one mark with one verdict share a card, which shows the first, one of the province if there is."""
    cards: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for tile in tiles:
        cards.setdefault(tile["mark"], []).append(tile)
    return [sorted(card, key=lambda tile: tile["level"] != "province") for card in cards.values()]


def _previous(rows: Rows) -> dict[str, Any] | None:
    """When the previous release came out; None where there is none to compare with."""
    if rows.previous is None:
        return None
    return {"id": rows.previous.id, "created": words.day(rows.previous.created_at.astimezone(VIETNAM).date())}


def _tile(row: Row, rows: Rows, charts: Charts | None) -> dict[str, Any]:
    series = rows.series.get(row["target_id"], [])
    this_year = rows.release.created_at.astimezone(VIETNAM).year
    tile = row | {
        "title": Text(row["title_vi"] or row["target_id"], row["title_en"] or row["title_vi"] or row["target_id"]),
        "period": words.period(row["period_type"], row["period_start"], row["last_month"], row["year"]),
        "when": words.short_period(row["period_type"], row["period_start"], row["last_month"], row["year"]),
        "goal": words.goal(row["target_value"], row["unit"], row["direction"], row["is_strict"]),
        "gap": words.gap(row["distance"], row["direction"], row["unit"], row["is_strict"]),
        "by": _asked_by(row),
        "is_stale": row["value"] is not None and (row["year"] or this_year) < this_year - 1,
        "is_overdue": row["status"] not in ("met", "met_provisional", "no_longer_in_force")
        and (row["target_year"] or this_year) < this_year,
        "expected": words.years(row["expected_year"], row["expected_year_low"], row["expected_year_high"]),
        "series": [
            point | {"period": words.period(point["period_type"], point["period_start"], point["last_month"])}
            for point in series
        ],
        "spark": _spark(row, series, charts) if charts else None,
        "definition": Text(row["definition_vi"] or "", row["definition_en"] or row["definition_vi"] or ""),
        "mark": (row["mark_key"] or row["target_id"], *(row[name] for name in ("area_code", "status", "is_strict"))),
        "sureness": answers.sureness(row["certainty"], row["is_sample"]),
    }
    previous = rows.previous.targets.get(row["target_id"]) if rows.previous else None
    return tile | {"moved": answers.moved(tile), "change": answers.change(tile, previous)}


def _asked_by(row: Row) -> Text:
    """Who asks for it, in which document and until when: the difference between targets of one title."""
    if not row["document"]:
        return Text("chưa thấy văn bản giao", "no document seen that asks for it")
    parts = [words.said(words.LEVEL, row["level"])] if row["level"] else []
    parts += [Text(part, part) for part in (words.short(row["document"]), str(row["target_year"] or "")) if part]
    return Text(" · ".join(part.vi for part in parts), " · ".join(part.en for part in parts))


def _spark(row: Row, series: Sequence[Row], charts: Charts) -> str | None:
    """The series against the required path; None when there is nothing to draw: one point and no target."""
    series = [point for point in series if point["is_comparable"]]
    has_goal = row["target_value"] is not None and row["target_year"] is not None
    if not series or (len(series) == 1 and not has_goal):
        return None
    values = [{"at": _at(point), "value": point["value"]} for point in series]
    is_rank = row["direction"] == "rank"
    if not has_goal:
        return charts.spark(values, [], None, is_rank=is_rank)
    goal = {"at": at(row["target_year"]), "value": row["target_value"]}
    path = [{"at": _at(point), "value": point["path_value"]} for point in series if point["path_value"] is not None]
    if row["was_met_at_baseline"] or row["direction"] == "none":  # nothing is left to reach
        path = []
    # a first value that came at or after the deadline is no start of a path
    elif row["baseline_value"] is not None and (row["baseline_year"] or row["target_year"]) < row["target_year"]:
        base = {"at": at(row["baseline_year"]), "value": row["baseline_value"]}
        path = [base, *(point for point in path if point["at"] > base["at"])]
    if path:  # past its year the target stays what is asked for
        path = [point for point in path if point["at"] != goal["at"]] + [goal]
        path.sort(key=lambda point: point["at"])
    return charts.spark(values, path, goal, is_rank=is_rank)


def _at(point: Row) -> float:
    start: date = point["period_start"]
    months = MONTHS.get(point["period_type"], 12)
    return at(start.year, start.month + months // 2)


def _data_to(targets: Iterable[Row]) -> Text:
    """The newest month that a value of the page describes."""
    latest = max(
        (
            row["last_month"] or row["period_start"]
            for row in targets
            if row["value"] is not None and (row["last_month"] or row["period_start"])
        ),
        default=None,
    )
    return words.NOTHING if latest is None else words.period("month", latest)


def _frozen(release: Release) -> dict[str, Any] | None:
    """Since when the targets' own figures are held back, and the release that they are of; None when they are new."""
    held = next((held for held in release.held_back if held.target == "target_progress"), None)
    if held is None:
        return None
    since = datetime.fromisoformat(held.since).astimezone(VIETNAM)
    return {"since": words.day(since.date()), "last_good_release": held.last_good_release}


def _why_missing(release: Release, table: str) -> Text | None:
    """Why a table is not in the release, None when it is."""
    if table in release.tables:
        return None
    held = next((held for held in release.held_back if held.target == table), None)
    if held:
        return Text(
            f"Bảng {table} đang bị giữ lại và chưa có bản tốt nào trước đó: {words.held_back(release, held).vi}",
            f"Table {table} is held back, and no good one was ever published: {held.reason}",
        )
    return Text(
        f"Bản công bố này không có bảng {table}: nguồn của nó chưa được nối.",
        f"This release has no table {table}: its source is not connected yet.",
    )


def _map(rows: Rows, charts: Charts) -> dict[str, Any]:
    communes = rows.communes
    drawable = [row for row in communes if row["geometry_wkt"]]
    measures = [measure for measure in MEASURES if any(row[measure.column] is not None for row in communes)]
    return {
        "communes": communes,
        "measures": [
            {
                "id": measure.column,
                "table": measure.table,
                "title": measure.title,
                "note": measure.note,
                "period": _period(measure, communes),
                "legend": _legend(measure, communes),
                "lowest": _lowest(measure, communes),
                "known": len([row for row in communes if row[measure.column] is not None]),
                "svg": charts.choropleth([_shape(row, measure) for row in drawable]) if drawable else None,
            }
            for measure in measures
        ],
        "is_schematic": any(row["is_schematic"] for row in drawable),
        "is_drawn": bool(drawable),
        "small": SMALL,
        "undrawn": [row["name"] for row in communes if not row["geometry_wkt"]],
        "source": next((_drawn_from(row["boundary_source"]) for row in drawable if row["boundary_source"]), None),
    }


def _drawn_from(source: str) -> Text:
    """What the shapes of the map are made of: a file of boundaries, or the coordinates of the registry."""
    if source != "area_facts":
        return Text(source, source)
    return Text("tọa độ từng xã, phường trong danh mục địa bàn", "coordinates of communes in the registry of areas")


def _period(measure: Measure, communes: Iterable[Row]) -> Text:
    """The year of the dossiers, the quarter of the reports of coverage."""
    first = next(row for row in communes if row[measure.column] is not None)
    if measure.table == "telecom_coverage":
        return words.period("quarter", first["quarter"])
    return words.period("year", None, year=first["year"])


def _step(measure: Measure, value: float | None) -> int | None:
    return None if value is None else len([bound for bound in measure.steps if value >= bound])


def _shape(row: Row, measure: Measure) -> dict[str, Any]:
    value = row[measure.column]
    step = _step(measure, value)
    label = f"{row['code']}|{row['name']}: {words.quantity(value, '%').vi}"
    return {
        "type": "Feature",
        "properties": {"fill": "url(#hatch)" if step is None else f"var(--m{step})", "label": label},
        "geometry": geojson(row["geometry_wkt"]),
    }


def _lowest(measure: Measure, communes: Iterable[Row]) -> list[Row]:
    """The communes with the lowest values; of dossiers only those with enough of them to be ranked."""
    counts_dossiers = measure.table != "telecom_coverage"
    ranked = [
        row
        for row in communes
        if row[measure.column] is not None and not (counts_dossiers and (row["received"] or 0) < SMALL)
    ]
    return sorted(ranked, key=lambda row: (row[measure.column], row["code"]))[:_LOWEST]


def _legend(measure: Measure, communes: Sequence[Row]) -> list[tuple[str, Text, int]]:
    """Each class with its bounds and how many communes are in it."""
    low, *_, high = measure.steps
    between = [
        Text(f"{a:g} đến dưới {b:g} %", f"{a:g} to under {b:g} %")
        for a, b in zip(measure.steps, measure.steps[1:], strict=False)
    ]
    texts = [
        Text(f"dưới {low:g} %", f"under {low:g} %"),
        *between,
        Text(f"từ {high:g} %", f"{high:g} % and more"),
    ]
    steps = [_step(measure, row[measure.column]) for row in communes]
    return [(f"m{step}", text, steps.count(step)) for step, text in enumerate(texts)]


def _table(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A published table with its age: the last arrival among the files that it was computed from."""
    landed = max((source["landed_at"] for source in resource["sources"] if source.get("landed_at")), default=None)
    return {
        **{key: resource[key] for key in ("name", "path", "rows", "target")},
        "title": Text(resource["title"], resource["title_en"]),
        "landed": words.day(datetime.fromisoformat(landed).astimezone(VIETNAM).date()) if landed else words.NOTHING,
        "held_back": resource.get("held_back"),
        "sources": ", ".join(source["title"] for source in resource["sources"] if source.get("files", True)) or "–",
    }


def _checks(release: Release) -> list[dict[str, Any]]:
    """Each target's verdict with what failed, warnings included."""
    evidence = release.evidence
    return [
        {
            "target": target,
            "verdict": words.said(words.VERDICT, verdict["verdict"]),
            "is_held": verdict["verdict"] == "held_back",
            "checks": len(evidence[target]),
            "failed": [item for item in evidence[target] if not item["passed"]],
        }
        for target, verdict in release.package["verdicts"].items()
    ]


def _source_files(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sources of the release: files loaded or refused, the last one, licence, whether it is synthetic."""
    by_name: Callable[[Mapping[str, Any]], str] = lambda source: source["title"]  # noqa: E731
    shown = []
    for name, files in groupby(sorted(package["sources"], key=by_name), key=by_name):
        each = list(files)
        last = max(str(file["landed_at"]) for file in each)
        shown.append(
            {
                "name": name,
                "files": sum(file.get("status", "loaded") == "loaded" for file in each),
                "refused": sum(file.get("status") == "refused" for file in each),
                "landed": words.day(datetime.fromisoformat(last).astimezone(VIETNAM).date()),
                "licences": sorted({str(file.get("licence") or "–") for file in each}),
                "synthetic": any(file.get("synthetic") for file in each),
            }
        )
    return shown
