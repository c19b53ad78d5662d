"""A unit of the registry in the terminal: when it was valid, what it came from and became."""

from __future__ import annotations

from datetime import date

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines import language
from pipelines.language import later, tr
from pipelines.scoreboard import words
from pipelines.scoreboard.areas import Fact, Pair, Registry, Unit

RELATIONS = {"merged": "", "unchanged": later("the same unit"), "split": later("a part")}
FACTS = {"population": later("population"), "area_km2": later("area")}


def area_cards(registry: Registry, units: list[Unit]) -> RenderableType:
    """One card a unit, in the order of their begin and code."""
    cards: list[RenderableType] = []
    for unit in sorted(units, key=lambda unit: (unit.valid_from, unit.code)):
        cards += [Text(f"{unit.code} · {unit.title}", style="bold"), _card(registry, unit), Text()]
    return Group(*cards[:-1])


def _card(registry: Registry, unit: Unit) -> Table:
    card = Table.grid(padding=(0, 2))
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    # the list of the time before the merger has no older day, though most units are older
    since = f"{'≤ ' if unit.valid_from == registry.begins() else ''}{_day(unit.valid_from)}"
    card.add_row(_label(tr("valid")), f"{since} – {_day(unit.valid_to) or tr('now')}")
    if parent := registry.parent(unit):
        card.add_row(_label(tr("part of")), _named(parent))
    became, came_from = registry.became(unit), registry.came_from(unit)
    _list(card, _label(tr("became")), became)
    if not all(pair.is_part_known for _, pair in became if pair.relation == "split"):
        card.add_row("", Text(tr("parts not known; earlier figures are in the row"), style="yellow"))
        card.add_row("", Text(tr("unknown part of {code}", code=unit.code), style="yellow"))
    elif unit.valid_to and not became:
        card.add_row(_label(tr("became")), _not_told(registry, unit))
    for position, commune in enumerate(registry.communes(unit)):
        card.add_row(_label(tr("had")) if position == 0 else "", _named(commune))
    _list(card, _label(tr("came from")), came_from)
    facts = registry.facts_of(unit)
    for name, label in FACTS.items():
        for fact in sorted((f for f in facts if f.fact == name), key=lambda f: not f.is_preferred):
            text = f"{_figure(fact)} [dim]· {fact.source}[/dim]"
            card.add_row(_label(tr(label)) if fact.is_preferred else "  " + _label(tr("another source")), text)
    card.add_row(
        _label(tr("source")), f"{unit.source} [dim]· {unit.grade}: {words.said(words.GRADE, unit.grade)}[/dim]"
    )
    for other in registry.other_lives(unit):
        when = f"{tr('until')} {_day(other.valid_to)}" if other.valid_to else f"{tr('from')} {_day(other.valid_from)}"
        card.add_row(_label(tr("same code")), Text(f"{other.title}, {when}", style="yellow"))
    return card


def _not_told(registry: Registry, unit: Unit) -> str:
    """Where to read on when the registry has no pair of a unit that ended: it does not follow that nothing took it."""
    if registry.communes(unit):
        return tr("ended; what each commune became: hatinh area CODE")
    text = tr("ended, not recorded in the registry")
    if unit.valid_to and unit.valid_to < registry.begins():
        text += " (" + tr("its communes begin {day}", day=_day(registry.begins())) + ")"
    return text


def _list(card: Table, label: str, related: list[tuple[Unit, Pair]]) -> None:
    for position, (unit, pair) in enumerate(related):
        card.add_row(
            label if position == 0 else "",
            f"{_named(unit)}  [dim]{tr(RELATIONS[pair.relation]) if RELATIONS[pair.relation] else ''}[/dim]",
        )


def _named(unit: Unit) -> str:
    return f"{unit.code} {unit.title}"


def _figure(fact: Fact) -> str:
    return f"{words.number(fact.value)} {fact.unit}  [dim]{_day(fact.as_of)}, {fact.grade}[/dim]"


def _label(text: str) -> str:
    return f"  {text[0].upper()}{text[1:]}"


def _day(day: date | None) -> str:
    return language.day(day) if day else ""
