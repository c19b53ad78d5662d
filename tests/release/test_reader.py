"""What analysts import: releases by id and by day, tables with titles and units, SQL over one release."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import release_world as world

import hatinh
from pipelines.release.runs import RunLog


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two releases, a day apart, with one run on record for each."""
    log = RunLog(tmp_path)
    for day, rows in enumerate((world.ROWS[:1], world.ROWS)):
        outcome = world.release(tmp_path, day=day, rows=rows)
        run = replace(world.RUN, run_id=f"run-{day}")
        log.begin(run)
        log.finish(run.run_id, world.DAY + timedelta(days=day), outcome.status, release=outcome.release_id)
    return tmp_path


def test_a_day_has_the_release_that_readers_had_at_its_end(root: Path) -> None:
    newest, first = hatinh.releases(root)
    assert hatinh.as_of(world.DAY.date(), root).id == first.id
    assert hatinh.as_of(world.DAY.date() + timedelta(days=9), root).id == newest.id
    with pytest.raises(hatinh.ReleaseError, match="nothing had been published"):
        hatinh.as_of(world.DAY.date() - timedelta(days=1), root)


def test_the_current_release_has_its_tables_with_titles_and_units(root: Path) -> None:
    current = hatinh.release(root=root)
    assert current.id == hatinh.releases(root)[0].id
    table = current.tables[0]
    frame = current.table(table).collect()
    assert frame.height == current.arrow(table).num_rows == current.query(f"select count(*) as n from {table}")[0]["n"]
    assert set(current.columns(table)) == set(frame.columns)
    assert all(column["title_vi"] for column in current.columns(table).values())


def test_a_release_without_the_table_lists_what_it_has(root: Path) -> None:
    current = hatinh.release(root=root)
    with pytest.raises(hatinh.NoTable, match=current.tables[0]):
        current.table("no_such_table")


def test_without_a_release_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(hatinh.ReleaseError, match="hatinh run"):
        hatinh.release(root=tmp_path)


def test_a_table_or_column_that_an_older_release_lacks_is_empty(root: Path) -> None:
    current = hatinh.release(root=root)
    table = current.tables[0]
    with current.connect({"newer": {"a": "varchar"}, table: {"newer_column": "double"}}) as connection:
        assert connection.execute("from newer").fetchall() == []
        assert set(connection.execute(f"select newer_column from {table}").fetchall()) == {(None,)}
