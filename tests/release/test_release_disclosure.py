"""The open edition under attack: what may be small is hidden, and nothing that is published leads to it."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import disclosure_attack as outsider
import disclosure_world as world
import pytest
from disclosure_world import LIMITS, POLICY, leaf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.release import disclosure, disclosure_pattern
from pipelines.release.disclosure import prepare, read_leaves
from pipelines.release.disclosure_cells import Block, Pattern, block_of
from pipelines.release.disclosure_pattern import audit, protect
from pipelines.release.disclosure_tables import rows_of
from pipelines.release.disclosure_vault import Vault, request_revision
from pipelines.release.files import ReleaseError

SPRING, SUMMER, WINTER = (datetime(*day, tzinfo=UTC) for day in ((2026, 5, 5), (2026, 8, 5), (2027, 2, 5)))

FEW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""An example costs a second and more: each run draws others, and slow tests many."""
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
AGENCIES = ["c1a", "c1b", "c2a", "c3a", "s1", "s2", "d1", "d2"]
"""Two old communes went into commune c1, s1 and s2 were split; departments d1 and d2."""


@st.composite
def a_leaf(draw: st.DrawFn, months: list[str]) -> world.Leaf:
    received = draw(st.integers(1, 40))
    some = st.integers(0, received)
    obliged = draw(some)
    late = draw(some)
    parts = {name: draw(some) for name in ("timed", "online", "full_service", *world.MORE)}
    parts |= {"late": late, "early": draw(st.integers(0, received - late))}
    parts |= {"with_obligation": obliged, "paid_online": draw(st.integers(0, obliged))}
    place = draw(st.sampled_from(months)), draw(st.sampled_from(AGENCIES)), draw(st.sampled_from(["f1", "f2", "f3"]))
    return leaf(*place, received, **parts)


def some_leaves(months: list[str], most: int) -> st.SearchStrategy[list[world.Leaf]]:
    return st.lists(
        a_leaf(months),
        min_size=3,
        max_size=most,
        unique_by=lambda row: (row["month"], row["agency_code"], row["procedure_field_code"]),
    )


def protected(leaves: list[world.Leaf], has_year: bool = False) -> tuple[Block, Pattern, outsider.Rows]:
    """The pattern and the published tables of leaves, however few they are."""
    conn = world.warehouse(leaves)
    found = read_leaves(conn, POLICY.measures, sorted({row["month"][:7] for row in leaves}))
    block = block_of((one.row for one in found), POLICY.measures, has_year=has_year)
    pattern = protect(block, POLICY.parts_by_mart, POLICY.thresholds)
    return block, pattern, published(block, pattern, found)


def published(block: Block, pattern: Pattern, leaves: Any) -> outsider.Rows:
    periods = {cell.period for cell in block.cells}
    tables = rows_of(block, pattern, leaves, POLICY.parts, periods)
    return {name: world.as_published(table) for name, table in tables.items()}


@settings(FEW, max_examples=5)
@given(leaves=some_leaves(MONTHS[:3], 16), has_year=st.booleans())
def test_no_small_figure_can_be_derived(leaves: list[world.Leaf], has_year: bool) -> None:
    check_figures(leaves, has_year)


@pytest.mark.slow
@settings(FEW, max_examples=40)
@given(leaves=some_leaves(MONTHS[:3], 16), has_year=st.booleans())
def test_no_small_figure_of_many_can_be_derived(leaves: list[world.Leaf], has_year: bool) -> None:
    check_figures(leaves, has_year)


def check_figures(leaves: list[world.Leaf], has_year: bool) -> None:
    """Linked tables, totals and both geographies: neither our audit nor an outsider finds anything."""
    block, pattern, tables = protected(leaves, has_year)
    system = block.system(POLICY.parts, every_cell=True)
    assert audit(system, pattern, POLICY.thresholds).too_narrow == ()

    truth = world.truth_of(block, pattern)
    assert outsider.attack(tables, truth, LIMITS) == []
    small = [key for key in truth if 0 < truth[key] < LIMITS[key[0].removeprefix("not:")]]
    known = outsider.read(tables)
    exact = outsider.bounds(known, [key for key in small if key in known.low][:3])
    assert outsider.reported(exact, truth, LIMITS) == []


EDITIONS = {"leaves": some_leaves(MONTHS, 24), "late": a_leaf(MONTHS[:3]), "fallback": st.booleans()}


@settings(FEW, max_examples=2)
@given(**EDITIONS)
def test_no_edition_helps_with_another(
    tmp_path_factory: pytest.TempPathFactory, leaves: list[world.Leaf], late: world.Leaf, fallback: bool
) -> None:
    check_editions(tmp_path_factory.mktemp("vault") / "open.duckdb", leaves, late, fallback)


@pytest.mark.slow
@settings(FEW, max_examples=20)
@given(**EDITIONS)
def test_of_many_editions_none_helps_with_another(
    tmp_path_factory: pytest.TempPathFactory, leaves: list[world.Leaf], late: world.Leaf, fallback: bool
) -> None:
    check_editions(tmp_path_factory.mktemp("vault") / "open.duckdb", leaves, late, fallback)


def check_editions(path: Path, leaves: list[world.Leaf], late: world.Leaf, fallback: bool) -> None:
    """Three editions, with one dossier that came late into a closed quarter: its profile is in none of them."""
    one = leaf(late["month"][:7], late["agency_code"], late["procedure_field_code"], 1, timed=1, online=1, late=1)
    before, editions = None, []
    with pytest.MonkeyPatch.context() as patch:
        if not fallback:  # thin as it is, protect it by a pattern
            patch.setattr(disclosure, "MOST_SMALL", 1.0)
            patch.setattr(disclosure, "MOST_HIDDEN", 1.0)
        for now, rows in ((SPRING, leaves), (SUMMER, _with(leaves, one)), (WINTER, _with(leaves, one))):
            with Vault(path) as vault:
                edition = prepare(world.warehouse(rows), POLICY, vault, now, is_synthetic=False)
                assert edition.blocked is None
                tables = world.published(vault.conn)
                vault.commit()
            if before is not None:
                assert outsider.differences(before, tables) == []
            before = tables
            editions.append(tables)
    if path.exists():
        assert outsider.attack(editions[-1], world.truth_in(path), LIMITS) == []


def _with(leaves: list[world.Leaf], one: world.Leaf) -> list[world.Leaf]:
    """The leaves and one dossier more."""
    key = ("month", "agency_code", "procedure_field_code")
    if all(any(row[name] != one[name] for name in key) for row in leaves):
        return [*leaves, one]
    return [
        {name: value if name in key else value + one[name] for name, value in row.items()}
        if all(row[name] == one[name] for name in key)
        else row
        for row in leaves
    ]


# One quarter, one field: communes c1 (offices c1a, c1b) and c2, department d1. c1a received 3, fewer than 10.
BY_HAND = [
    leaf("2026-01", "c1a", "f1", 3, timed=3),
    leaf("2026-01", "c1b", "f1", 40, timed=40),
    leaf("2026-01", "c2a", "f1", 50, timed=50),
    leaf("2026-01", "d1", "f1", 60, timed=60),
]
SMALL = ("received", "2026-Q1", "A:c1a", "*")


def test_a_small_cell_takes_the_cheapest_other_with_it() -> None:
    """By hand: c1 = c1a + c1b shows 43, so c1b must be hidden with c1a, and nothing else."""
    _, pattern, tables = protected(BY_HAND)
    hidden = {(m, *cell) for (m, cell), is_hidden in pattern.items() if is_hidden and m == "received"}
    assert hidden == {SMALL, ("received", "2026-Q1", "A:c1b", "*")}
    rows = {row["agency_code"]: row for row in tables["dossiers_by_agency"]}
    assert (rows["c1a"]["received"], rows["c1a"]["received_status"]) == (None, "suppressed")
    assert (rows["c1b"]["received"], rows["c1b"]["received_status"]) == (None, "suppressed"), "never distinguished"
    assert (rows["c1a"]["early"], rows["c1a"]["early_status"]) == (0, "observed"), "noughts are shown"
    assert (rows["c2a"]["received"], rows["c2a"]["mean_days"], rows["c2a"]["days_sum"]) == (50, 2.0, 100.0)
    assert rows["c1a"]["days_sum"] is None
    (province,) = [r for r in tables["dossiers_of_province"] if r["period_type"] == "quarter"]
    assert (province["received"], province["obs_status"]) == (153, "observed")


def test_attack_and_audit_find_the_small_cell_once_its_companion_is_shown() -> None:
    block, pattern, _ = protected(BY_HAND)
    companion = next(key for key in pattern if (key[0], *key[1]) == ("received", "2026-Q1", "A:c1b", "*"))
    shown = pattern | {companion: False}
    leaves = read_leaves(world.warehouse(BY_HAND), POLICY.measures, ["2026-01"])

    found = audit(block.system(POLICY.parts, every_cell=True), shown, POLICY.thresholds)
    assert ("received", ("2026-Q1", "A:c1a", "*")) in found.too_narrow
    assert SMALL in outsider.attack(published(block, shown, leaves), world.truth_of(block, shown), LIMITS)


def test_small_cells_alone_are_not_enough() -> None:
    block, pattern, _ = protected(BY_HAND)
    system = block.system(POLICY.parts, every_cell=True)
    limits = POLICY.thresholds.of(system)
    bare = {v: 0 < x < limit for v, x, limit in zip(system.variables, system.values, limits, strict=True)}
    assert sum(bare.values()) < sum(pattern.values())
    assert audit(system, bare, POLICY.thresholds).too_narrow


@pytest.mark.parametrize("measure", ["online", "timed", "paid_online"])
def test_the_complement_is_protected_like_the_part(measure: str) -> None:
    """38 of 40 are online: the 2 that are not could be subtracted, so the 38 are hidden as well."""
    counts = {"with_obligation": 40, measure: 38}
    rows = [
        leaf("2026-01", "c1a", "f1", 40, **{"timed": 40} | counts),
        leaf("2026-01", "c2a", "f1", 40, with_obligation=40, **{"timed": 40} | {measure: 20}),
        leaf("2026-01", "c3a", "f1", 40, with_obligation=40, **{"timed": 40} | {measure: 20}),
    ]
    _, _, tables = protected(rows)
    (row,) = [r for r in tables["dossiers_by_agency"] if r["agency_code"] == "c1a"]
    assert (row[measure], row[f"{measure}_status"], row.get(f"{measure}_pct")) == (None, "suppressed", None)


def _enough(quarters: int = 1) -> list[world.Leaf]:
    """A quarter or more with a few small cells among many that are not."""
    return [
        leaf(month, agency, field, 30 + 7 * n, online=20 + n, timed=30, early=12, late=3 if n == 2 else 9)
        for month in MONTHS[: 3 * quarters]
        for n, agency in enumerate(AGENCIES)
        for field in ("f1", "f2")
    ] + [leaf("2026-01", "d1", "f3", 4, timed=4)]


def test_a_quarter_waits_thirty_days_by_clock_and_by_data(tmp_path: Path) -> None:
    announced = []

    def quarters(now: datetime, last_day: str) -> list[str]:
        with Vault(tmp_path / f"{last_day}.duckdb") as vault:
            source = world.warehouse(_enough(2), last_day)
            edition = prepare(
                source, POLICY, vault, now, is_synthetic=False, announce=lambda *said: announced.append(said)
            )
            return [quarter["quarter"] for quarter in edition.quarters]

    assert quarters(datetime(2026, 4, 30, tzinfo=UTC), "2026-12-31") == []
    assert quarters(datetime(2026, 5, 1, tzinfo=UTC), "2026-12-31") == ["2026-Q1"]
    assert quarters(SUMMER, "2026-12-31") == ["2026-Q1", "2026-Q2"]
    assert quarters(SUMMER, "2026-07-02") == ["2026-Q1"], "the data end before late dossiers can have come"
    assert announced == [("2026-Q1", 0, 1), ("2026-Q1, 2026-Q2", 0, 2), ("2026-Q1", 0, 1)], "only work is announced"


def test_the_vault_is_private_and_the_edition_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        path = tmp_path / name / "open.duckdb"
        with Vault(path) as vault:
            digests.append(prepare(world.warehouse(_enough()), POLICY, vault, SPRING, is_synthetic=False).digest)
            assert not path.exists()
            vault.commit()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [file.name for file in path.parent.iterdir()] == ["open.duckdb"]
    assert digests[0] == digests[1]


def test_a_column_that_was_hidden_at_first_keeps_its_type(tmp_path: Path) -> None:
    """All percentages of the first quarter are suppressed; those of the second have their decimal."""
    first = [leaf(month, agency, "f1", 30, timed=30, online=28) for month in MONTHS[:3] for agency in ("c1a", "d1")]
    second = [leaf(month, agency, "f1", 36, timed=36, online=13) for month in MONTHS[3:6] for agency in ("c1a", "d1")]
    with Vault(tmp_path / "open.duckdb") as vault:
        prepare(world.warehouse(first), POLICY, vault, SPRING, is_synthetic=False)
        prepare(world.warehouse([*first, *second]), POLICY, vault, SUMMER, is_synthetic=False)
        rows = world.published(vault.conn)["dossiers_by_agency"]
    assert {row["online_pct"] for row in rows if row["period_start"].month == 4} == {36.1}


def test_without_news_nothing_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "open.duckdb"
    with Vault(path) as vault:
        first = prepare(world.warehouse(_enough()), POLICY, vault, SPRING, is_synthetic=False)
        vault.commit()
    monkeypatch.setattr(disclosure_pattern, "protect", lambda *_: pytest.fail("a frozen quarter was computed again"))
    with Vault(path) as vault:
        again = prepare(world.warehouse([]), POLICY, vault, SPRING, is_synthetic=False)
        assert (again.digest, again.blocked, vault.is_changed) == (first.digest, None, False)


def test_a_failed_audit_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pattern forgets the companions of small cells: nothing of the quarter leaves, the vault stays as it was."""

    def small_alone(block: Block, *_: Any) -> Pattern:
        system = block.system(POLICY.parts, every_cell=True)
        limits = POLICY.thresholds.of(system)
        return {v: 0 < x < limit for v, x, limit in zip(system.variables, system.values, limits, strict=True)}

    monkeypatch.setattr(disclosure_pattern, "protect", small_alone)
    rows = [replace_count(row, "late", 2) for row in _enough()]
    with Vault(tmp_path / "open.duckdb") as vault:
        edition = prepare(world.warehouse(rows), POLICY, vault, SPRING, is_synthetic=False)
        assert edition.blocked is not None
        assert "could be worked out" in edition.blocked
        assert (edition.quarters, vault.is_changed, world.published(vault.conn)) == ([], False, {})
        vault.commit()
    assert list(tmp_path.iterdir()) == []


def replace_count(row: world.Leaf, name: str, count: int) -> world.Leaf:
    return (
        {**row, name: 0} if row["agency_code"] != "c1a" or row["procedure_field_code"] != "f1" else {**row, name: count}
    )


def test_too_few_dossiers_for_a_pattern_leave_as_totals_of_the_province(tmp_path: Path) -> None:
    few = [leaf(month, agency, "f1", 6, online=3, timed=6) for month in MONTHS[:3] for agency in ("c1a", "c2a")]
    more = [leaf("2026-02", f"d{n}", "f1", 4, timed=4) for n in range(1, 9)]
    with Vault(tmp_path / "open.duckdb") as vault:
        edition = prepare(world.warehouse([*few, *more]), POLICY, vault, SPRING, is_synthetic=False)
        tables = world.published(vault.conn)
    assert [quarter["is_thin"] for quarter in edition.quarters] == [True]
    assert list(tables) == ["dossiers_of_province"]
    assert {row["period_type"] for row in tables["dossiers_of_province"]} == {"month", "quarter"}
    (quarter,) = [row for row in tables["dossiers_of_province"] if row["period_type"] == "quarter"]
    assert quarter["received"] == 68


def test_a_revision_is_an_event_with_a_reason_and_hides_small_steps(tmp_path: Path) -> None:
    path = tmp_path / "open.duckdb"
    rows = _enough()
    with Vault(path) as vault:
        prepare(world.warehouse(rows), POLICY, vault, SPRING, is_synthetic=False)
        before = world.published(vault.conn)
        vault.commit()
    with pytest.raises(ReleaseError, match="2025-Q4 is not a published quarter"):
        request_revision(path, "2025-Q4", "why", SUMMER)
    with pytest.raises(ReleaseError, match="has a reason"):
        request_revision(path, "2026-Q1", " ", SUMMER)
    request_revision(path, "2026-Q1", "a file was withdrawn", SUMMER)

    # 2 dossiers more at c2a, 50 more at d2
    newer = [
        {**row, "received": row["received"] + {"c2a": 2, "d2": 50}.get(row["agency_code"], 0)}
        if (row["month"], row["procedure_field_code"]) == ("2026-01-01", "f1")
        else row
        for row in rows
    ]
    with Vault(path) as vault:
        edition = prepare(world.warehouse(newer), POLICY, vault, SUMMER, is_synthetic=False)
        after = world.published(vault.conn)
        assert edition.blocked is None
        assert [(r["quarter"], r["reason"]) for r in vault.revisions()] == [("2026-Q1", "a file was withdrawn")]
    old, new = ({r["agency_code"]: r["received"] for r in tables["dossiers_by_agency"]} for tables in (before, after))
    assert new["c2a"] is None, "an outsider would read 2 dossiers off the two editions"
    assert [key for key in old if old[key] and new[key] and 0 < abs(new[key] - old[key]) < LIMITS["received"]] == []


def test_real_dossiers_push_the_samples_out_and_never_the_other_way(tmp_path: Path) -> None:
    path = tmp_path / "open.duckdb"
    with Vault(path) as vault:
        prepare(world.warehouse(_enough()), POLICY, vault, SPRING, is_synthetic=True)
        vault.commit()
    with Vault(path) as vault:
        edition = prepare(world.warehouse(_enough(2)[:-1]), POLICY, vault, SUMMER, is_synthetic=False)
        assert [(q["quarter"], q["is_synthetic"]) for q in edition.quarters] == [("2026-Q1", False), ("2026-Q2", False)]
        vault.commit()
    with Vault(path) as vault:
        edition = prepare(world.warehouse(_enough(3)), POLICY, vault, WINTER, is_synthetic=True)
        assert edition.blocked == "the dossiers are made up, the published quarters are real"
        assert len(edition.quarters) == 2


def test_a_lost_vault_blocks(tmp_path: Path) -> None:
    with Vault(tmp_path / "open.duckdb") as vault:
        edition = prepare(world.warehouse(_enough()), POLICY, vault, SPRING, is_synthetic=False, published=["2026-Q1"])
        assert edition.blocked is not None
        assert "restore its backup" in edition.blocked
        assert edition.quarters == []


def test_another_set_of_measures_waits_for_a_revision(tmp_path: Path) -> None:
    path = tmp_path / "open.duckdb"
    with Vault(path) as vault:
        prepare(world.warehouse(_enough()), POLICY, vault, SPRING, is_synthetic=False)
        vault.commit()
    fewer = replace(POLICY, parts_by_mart={name: p for name, p in world.PARTS.items() if name != "digitisation"})
    with Vault(path) as vault:
        edition = prepare(world.warehouse(_enough(2)), fewer, vault, SUMMER, is_synthetic=False)
        assert edition.blocked is not None
        assert "request their revision" in edition.blocked
    request_revision(path, "2026-Q1", "fewer measures", SUMMER)
    with Vault(path) as vault:
        edition = prepare(world.warehouse(_enough(2)), fewer, vault, SUMMER, is_synthetic=False)
        assert (edition.blocked, len(edition.quarters)) == (None, 2)


def test_marts_that_count_different_dossiers_block(tmp_path: Path) -> None:
    conn = world.warehouse(_enough())
    conn.execute("delete from marts.online_payment where agency_code = 'd1'")
    with Vault(tmp_path / "open.duckdb") as vault:
        edition = prepare(conn, POLICY, vault, SPRING, is_synthetic=False)
        assert edition.blocked == "the marts of dossiers do not count the same dossiers: build them again"
