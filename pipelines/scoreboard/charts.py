"""The charts of the page: Vega-Lite by Altair, drawn to small inline SVG without a browser or the net.

Colours are names of the page's own (`var(--…)`), so that screen, dark mode and print each give theirs; words stand
beside a chart and not in it, so that one drawing serves both languages. What differs only in its data is compiled once.
The same data give the same bytes: the ids that the library numbers through a process are numbered anew in each chart.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

Json = dict[str, Any]


class Charts:
    """Draws. One object a page: it compiles its specifications when they are first needed and numbers the charts."""

    def __init__(self) -> None:
        self._drawn = 0

    def spark(
        self, values: Sequence[Mapping[str, Any]], path: Sequence[Mapping[str, Any]], goal: Mapping[str, Any]
    ) -> str:
        """Values (`at` in years, `value`), the path that leads to the target (dashed), and the target (ring)."""
        return self._draw(self._spark, values=values, path=path, goal=[goal])

    def bar(self, won: float, most: float) -> str:
        """What was won of the most there is."""
        return self._draw(self._bar, values=[{"won": won, "most": most}], stretch=True)

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

    @cached_property
    def _spark(self) -> Json:
        import altair as alt

        x = alt.X("at:Q", axis=None, scale=alt.Scale(zero=False, nice=False))
        y = alt.Y("value:Q", axis=None, scale=alt.Scale(zero=False, nice=False))
        values, path, goal = (alt.Chart(alt.NamedData(name)) for name in ("values", "path", "goal"))
        chart = alt.layer(
            path.mark_line(strokeDash=[4, 3], strokeWidth=1.5, color="var(--path)").encode(x, y),
            goal.mark_point(size=70, strokeWidth=2, color="var(--path)", filled=False).encode(x, y),
            values.mark_line(strokeWidth=2.25, color="currentColor").encode(x, y),
            values.mark_point(size=26, filled=True, opacity=1, color="currentColor").encode(x, y),
        ).properties(width=264, height=56, padding=7)
        return _compiled(chart)

    @cached_property
    def _bar(self) -> Json:
        import altair as alt

        values = alt.Chart(alt.NamedData("values"))
        scale = alt.Scale(nice=False, zero=True)
        chart = alt.layer(
            values.mark_bar(color="var(--lost)", height=18).encode(alt.X("most:Q", axis=None, scale=scale)),
            values.mark_bar(color="var(--accent)", height=18).encode(alt.X("won:Q", axis=None, scale=scale)),
        ).properties(width=300, height=18, padding=0)
        return _compiled(chart)

    def _draw(
        self, vega: Json, *, stretch: bool = False, hover: bool = False, **data: Sequence[Mapping[str, Any]]
    ) -> str:
        import vl_convert

        filled = vega | {
            "data": [d | {"values": list(data[d["name"]])} if d["name"] in data else d for d in vega["data"]]
        }
        self._drawn += 1
        return _tidy(vl_convert.vega_to_svg(filled), f"c{self._drawn}", stretch, hover)


def _compiled(chart: Any) -> Json:
    import vl_convert

    frame = {"view": {"stroke": None}, "background": "transparent", "autosize": {"type": "none"}}
    spec = chart.configure(**frame).to_json(indent=None, validate=True)
    vega: Json = json.loads(json.dumps(vl_convert.vegalite_to_vega(spec)))
    return vega


def _tidy(svg: str, prefix: str, stretch: bool, hover: bool) -> str:
    """Inline SVG without what only a file of its own needs, with ids that depend on nothing but the chart's place."""
    ids: dict[str, str] = {}

    def renamed(match: re.Match[str]) -> str:
        return ids.setdefault(match[0], f"{prefix}-{len(ids)}")

    svg = re.sub(r"\b(?:clip|gradient|pattern)_?\d+\b", renamed, svg)
    svg = re.sub(r' xmlns(?::\w+)?="[^"]*"| version="1.1"| class="[^"]*"', "", svg)
    svg = re.sub(r' role="[^"]*"| aria-roledescription="[^"]*"| aria-hidden="true"', "", svg)
    if hover:  # what a pointer rests on says its name; the table below says it to everybody
        svg = re.sub(r'<path aria-label="([^"]*)"([^>]*)/>', r"<path\2><title>\1</title></path>", svg)
    svg = re.sub(r'<rect [^>]*fill="transparent"/>', "", svg)
    svg = re.sub(r' aria-label="[^"]*"', "", svg)
    svg = re.sub(r'<path d="[^"]*"(?: pointer-events="none")?(?: display="none")?/>', "", svg)
    svg = re.sub(r"(\.\d\d)\d+", r"\1", svg)
    ratio = ' preserveAspectRatio="none"' if stretch else ""
    return svg.replace("<svg ", f'<svg aria-hidden="true" focusable="false"{ratio} ', 1)


def at(year: int, month: int = 7) -> float:
    """A place on the axis of years: a whole year stands at its middle."""
    return round(year + (month - 1) / 12, 4)


def geojson(wkt: str) -> Json:
    """A POLYGON or MULTIPOLYGON of WKT (degrees) as GeoJSON in a plane where a degree east is as long as one north.

    Raises ValueError when it is neither.
    """
    kind, _, body = wkt.strip().partition("(")
    text = re.sub(r"([-+0-9.eE]+) ([-+0-9.eE]+)(?: [-+0-9.eE]+)*", r"[\1,\2]", "(" + body)
    nested = json.loads(text.replace("(", "[").replace(")", "]"))
    match kind.strip().upper():
        case "POLYGON":
            polygons = [nested]
        case "MULTIPOLYGON":
            polygons = nested
        case other:
            raise ValueError(f"{other or 'an empty text'} is no polygon")
    return {
        "type": "MultiPolygon",
        "coordinates": [
            [[[round(lon * _SHRINK, 5), lat] for lon, lat in ring] for ring in polygon] for polygon in polygons
        ],
    }


# Of the middle of the province, 18.3° N; a few hundred kilometres to the north or south the error is under 2 %.
_SHRINK = math.cos(math.radians(18.3))
