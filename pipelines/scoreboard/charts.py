"""The charts of the page: Vega-Lite by Altair, drawn to small inline SVG without a browser or the network.

Colours are variables of the page (`var(--…)`), so that screen, dark mode and print each give theirs. A chart has
numbers and no words; a number that the languages write differently is in it twice, and the page shows one. What differs
only in its data is compiled once. The same data give the same bytes: ids are numbered per chart, not per process.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

Json = dict[str, Any]


class Charts:
    """Draws. One object per page: it numbers the charts. Specifications are compiled once per process."""

    def __init__(self) -> None:
        self._drawn = 0

    def spark(
        self,
        values: Sequence[Mapping[str, Any]],
        path: Sequence[Mapping[str, Any]],
        goal: Mapping[str, Any] | None,
        *,
        is_rank: bool = False,
    ) -> str:
        """Values (`at` in years, `value`), the path that leads to the target (dashed), and the target (ring).

        The first value, the last and the target are labelled; a rank has 1 at the top.
        """
        above, below = _labels(values, is_rank)
        marked = [*above, *below, *path[:1], *([goal] if goal else [])]
        return self._draw(
            _with_years(_series(is_rank=is_rank), {int(point["at"]) for point in marked}),
            values=_middles(values),
            path=_middles(path),
            goal=_middles([goal] if goal else []),
            above=_middles(above),
            below=_middles(below),
        )

    def bar(self, won: float, most: float) -> str:
        """What was won of the most there is."""
        return self._draw(_bar(), values=[{"won": won, "most": most}], stretch=True)

    def choropleth(self, shapes: Sequence[Json]) -> str:
        """Areas as GeoJSON features whose `properties` have `fill` (a colour of the page) and `label`."""
        import altair as alt

        chart = (
            alt.Chart(alt.InlineData(values=list(shapes)))
            .mark_geoshape(stroke="var(--surface)", strokeWidth=0.8)
            .encode(
                fill=alt.Fill("properties.fill:N", scale=None),
                description=alt.Description("properties.label:N"),
            )
            .project(type="identity", reflectY=True)
            .properties(width=560, height=372)
        )
        return self._draw(_compiled(chart), hover=True)

    def _draw(
        self, vega: Json, *, stretch: bool = False, hover: bool = False, **data: Sequence[Mapping[str, Any]]
    ) -> str:
        filled = vega | {
            "data": [d | {"values": list(data[d["name"]])} if d["name"] in data else d for d in vega["data"]]
        }
        self._drawn += 1
        return _tidy(_svg(json.dumps(filled)), f"c{self._drawn}", stretch, hover)


def prepare() -> None:
    """Compile the specifications of the charts that every page has."""
    for is_rank in (False, True):
        _series(is_rank=is_rank)
    _bar()


@lru_cache(maxsize=1024)
def _svg(vega: str) -> str:
    """Most charts of a page are those of the release before it."""
    import vl_convert

    return vl_convert.vega_to_svg(vega)


def _middles(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Places on an axis whose whole numbers are the middles of the years, where their labels belong."""
    return [{"at": round(point["at"] - 0.5, 4), "value": point["value"]} for point in points]


def _labels(
    values: Sequence[Mapping[str, Any]], is_rank: bool
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The first and the last value, each above or below its point: where the line does not run."""
    first, last = values[0], values[-1]
    if len(values) == 1:
        return [last], []
    rises_first = (values[1]["value"] > first["value"]) != is_rank
    rises_last = (last["value"] >= values[-2]["value"]) != is_rank
    above = [*([] if rises_first else [first]), *([last] if rises_last else [])]
    return above, [point for point in (first, last) if point not in above]


def _with_years(vega: Json, years: set[int]) -> Json:
    """The years that the axis names: those of the labelled points. Labels that would overlap are left out."""
    return vega | {
        "axes": [axis | {"values": sorted(years)} if axis["orient"] == "bottom" else axis for axis in vega["axes"]]
    }


@cache
def _bar() -> Json:
    import altair as alt

    values = alt.Chart(alt.NamedData("values"))
    scale = alt.Scale(nice=False, zero=True)
    chart = alt.layer(
        values.mark_bar(color="var(--lost)", height=18).encode(alt.X("most:Q", axis=None, scale=scale)),
        values.mark_bar(color="var(--accent)", height=18).encode(alt.X("won:Q", axis=None, scale=scale)),
    ).properties(width=300, height=18, padding=0)
    return _compiled(chart)


@cache
def _series(*, is_rank: bool) -> Json:
    """A time series with axes: three or four values of the scale, the years, labels at the ends and at the target."""
    import altair as alt

    quiet: Json = {"labelColor": "var(--soft)", "labelFontSize": 11, "title": None}
    years = alt.Axis(
        **quiet,
        format="d",
        grid=False,
        labelOverlap=True,
        labelSeparation=8,
        domainColor="var(--soft)",
        tickColor="var(--soft)",
    )
    sizes = alt.Axis(
        **quiet,
        tickCount=3,
        tickMinStep=1 if is_rank else alt.Undefined,
        gridColor="var(--line)",
        domain=False,
        ticks=False,
    )
    x = alt.X("at:Q", axis=years, scale=alt.Scale(zero=False, nice=False, padding=26))
    y = alt.Y("value:Q", axis=sizes, scale=alt.Scale(zero=False, nice=False, padding=24, reverse=is_rank))
    names = ("values", "path", "goal", "above", "below")
    values, path, goal, above, below = (alt.Chart(alt.NamedData(name)) for name in names)
    label = alt.Text("value:Q", format=",.2~f")
    text: Json = {"fontSize": 12, "fontWeight": "bold"}
    chart = alt.layer(
        path.mark_line(strokeDash=[4, 3], strokeWidth=1.5, color="var(--path)").encode(x, y),
        goal.mark_point(size=70, strokeWidth=2, color="var(--path)", filled=False).encode(x, y),
        values.mark_line(strokeWidth=2.25, color="currentColor").encode(x, y),
        values.mark_point(size=26, filled=True, opacity=1, color="currentColor").encode(x, y),
        above.mark_text(**text, dy=-10, color="currentColor").encode(x, y, label),
        below.mark_text(**text, dy=15, color="currentColor").encode(x, y, label),
        goal.mark_text(**text, dy=15, color="var(--path)").encode(x, y, label),
    ).properties(width=208, height=104, padding={"left": 44, "right": 8, "top": 4, "bottom": 20})
    return _compiled(chart)


def _compiled(chart: Any) -> Json:
    import vl_convert

    frame = {"view": {"stroke": None}, "background": "transparent", "autosize": {"type": "none"}}
    # its parts were validated when they were made: to do so again for the chart takes as long as to draw it
    spec = chart.configure(**frame).to_json(indent=None, validate=False)
    vega: Json = json.loads(json.dumps(vl_convert.vegalite_to_vega(spec)))
    return vega


def _tidy(svg: str, prefix: str, stretch: bool, hover: bool) -> str:
    """Inline SVG without what only a file of its own needs, with ids that depend only on the number of the chart."""
    ids: dict[str, str] = {}

    def renamed(match: re.Match[str]) -> str:
        return ids.setdefault(match[0], f"{prefix}-{len(ids)}")

    svg = re.sub(r"\b(?:clip|gradient|pattern)_?\d+\b", renamed, svg)
    svg = re.sub(r' xmlns(?::\w+)?="[^"]*"| version="1.1"| class="[^"]*"', "", svg)
    svg = re.sub(r' role="[^"]*"| aria-roledescription="[^"]*"| aria-hidden="true"', "", svg)
    if hover:  # the code leads to the row of the table, which has the figures for every reader
        shape = r'<path aria-label="([^"|]*)\|([^"]*)"([^>]*)/>'
        svg = re.sub(shape, r'<path data-code="\1"\3><title>\2</title></path>', svg)
    svg = re.sub(r'<rect [^>]*fill="transparent"/>', "", svg)
    svg = re.sub(r' aria-label="[^"]*"', "", svg)
    svg = re.sub(r'<path d="[^"]*"(?: pointer-events="none")?(?: display="none")?/>', "", svg)
    svg = re.sub(r"(\.\d\d)\d+", r"\1", svg)
    svg = re.sub(r"<text([^>]*)>([-−+\d.,]+)</text>", _in_both_languages, svg)
    ratio = ' preserveAspectRatio="none"' if stretch else ""
    return svg.replace("<svg ", f'<svg aria-hidden="true" focusable="false"{ratio} ', 1)


def _in_both_languages(match: re.Match[str]) -> str:
    """A number of a chart as each language writes it, once where they agree."""
    attributes, english = match.groups()
    english = english.replace("-", "−")
    vietnamese = english.translate(str.maketrans(",.", ".,"))
    if vietnamese == english:
        return f"<text{attributes}>{english}</text>"
    return "".join(
        f'<text class="t" lang="{language}"{attributes}>{number}</text>'
        for language, number in (("vi", vietnamese), ("en", english))
    )


def at(year: int, month: int = 7) -> float:
    """A place on the axis of years: a full year is at its middle."""
    return round(year + (month - 1) / 12, 4)


def geojson(wkt: str) -> Json:
    """A POLYGON or MULTIPOLYGON of WKT (degrees) as GeoJSON in a plane where a degree east is as long as one north.

    Raises ValueError when it is neither.
    """
    return {
        "type": "MultiPolygon",
        "coordinates": [
            [[[round(lon * _SHRINK, 5), lat] for lon, lat in ring] for ring in polygon] for polygon in polygons(wkt)
        ],
    }


def polygons(wkt: str) -> list[Any]:
    """The polygons of a POLYGON or MULTIPOLYGON of WKT as lists of rings of points.

    Raises ValueError when it is neither.
    """
    kind, _, body = wkt.strip().partition("(")
    text = re.sub(r"([-+0-9.eE]+) ([-+0-9.eE]+)(?: [-+0-9.eE]+)*", r"[\1,\2]", "(" + body)
    nested = json.loads(text.replace("(", "[").replace(")", "]"))
    match kind.strip().upper():
        case "POLYGON":
            return [nested]
        case "MULTIPOLYGON":
            return list(nested)
        case other:
            raise ValueError(f"{other or 'an empty text'} is no polygon")


# Of the middle of the province, 18.3° N; a few hundred kilometres to the north or south the error is under 2 %.
_SHRINK = math.cos(math.radians(18.3))
