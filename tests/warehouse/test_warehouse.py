"""The warehouse over several loads: who holds it, whose key it has, which files are in it and which have left."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.warehouse.connection import Warehouse, WarehouseBusy, get_state
from pipelines.warehouse.load import source_totals
from pipelines.warehouse.pseudonyms import KeyProblem, bind_key, make_key, pseudonym, read_key

if TYPE_CHECKING:
    from conftest import World

# worlds have one place, so the tests that use one run in one process
NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
Record = Callable[..., dict[str, Any]]


def feed(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


class TestPseudonyms:
    @given(
        key=st.binary(min_size=32, max_size=100),
        identifiers=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=20),
    )
    @example(key=b"k" * 64, identifiers=["H27.101-260302-0001", "Đại Nài", "", "a\x00b"])
    @settings(max_examples=20, deadline=None)
    def test_the_macro_is_the_hmac(self, key: bytes, identifiers: list[str]) -> None:
        with duckdb.connect() as connection:
            bind_key(connection, key)
            rows = connection.execute(
                "select pseudonym('dossier', i)::varchar from (select unnest(?::varchar[]) as i)", [identifiers]
            ).fetchall()
        expected = [hmac.new(key, f"dossier:{i}".encode(), hashlib.sha256).hexdigest()[:32] for i in identifiers]
        assert [row.replace("-", "") for (row,) in rows] == expected
        assert [row for (row,) in rows] == [pseudonym(key, "dossier", i) for i in identifiers]

    def test_a_key_is_made_once_and_read_back(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets" / "pseudonym.key"
        make_key(path)
        assert len(read_key(path)) == 32
        assert path.stat().st_mode & 0o077 == 0
        with pytest.raises(FileExistsError):
            make_key(path)

    @pytest.mark.parametrize("content", [b"", b"secret", b"ab" * 31, b"\xff\xfe", b"zz" * 32])
    def test_what_is_no_key_is_refused_without_showing_it(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "pseudonym.key"
        path.write_bytes(content)
        with pytest.raises(KeyProblem, match="HATINH_PSEUDONYM_KEY_FILE") as caught:
            read_key(path)
        assert not content or content.decode("latin-1") not in str(caught.value)

    def test_the_error_of_a_missing_key_names_the_command_that_makes_one(self, tmp_path: Path) -> None:
        with pytest.raises(KeyProblem, match="hatinh key make"):
            read_key(tmp_path / "pseudonym.key")

    def test_another_key_than_the_first_is_refused(self, world: World, record: Record) -> None:
        world.land("hoso-2026-03-31.ndjson", feed(record(1)))
        world.load_landed()
        world.land("hoso-2026-04-30.ndjson", feed(record(2)))
        with pytest.raises(KeyProblem, match="hatinh rebuild"):
            world.load_landed(key=b"another key, long enough to be one")
        assert world.rows("select count(*) from raw.dossiers") == [(1,)]

    def test_the_key_is_not_in_the_warehouse(self, world: World, record: Record) -> None:
        world.land("hoso-2026-03-31.ndjson", feed(record(1)))
        key = b"0123456789abcdefghijklmnopqrstuv"
        world.load_landed(key=key)
        content = world.warehouse.path.read_bytes()
        assert key not in content
        assert key.hex().encode() not in content


class TestHolder:
    def test_the_error_of_the_second_run_names_the_first(self, tmp_path: Path) -> None:
        warehouse = Warehouse(tmp_path / "warehouse.duckdb")
        assert warehouse.holder() is None
        with warehouse.hold("run abc", NOW):
            with pytest.raises(WarehouseBusy, match=r"process \d+ on .+ \(run abc, since 2026-12-01T02:00:00"):
                warehouse.hold("run def", NOW).__enter__()
            assert "run abc" in str(warehouse.holder())
        assert warehouse.holder() is None
        with warehouse.hold("run def", NOW):
            assert "run def" in str(warehouse.holder())

    def test_a_killed_holder_holds_no_longer(self, tmp_path: Path) -> None:
        warehouse = Warehouse(tmp_path / "warehouse.duckdb")
        script = (
            "import sys; from datetime import datetime; from pathlib import Path\n"
            "from pipelines.warehouse.connection import Warehouse\n"
            "with Warehouse(Path(sys.argv[1])).hold('run abc', datetime(2026, 12, 1)):\n"
            "    print('held', flush=True); sys.stdin.read()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, str(warehouse.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            with pytest.raises(WarehouseBusy, match=f"process {other.pid} "):
                warehouse.hold("run def", NOW).__enter__()
            other.kill()
            other.wait()
        assert warehouse.holder() is None
        with warehouse.hold("run def", NOW):
            pass


class TestFilesInForce:
    def test_a_file_is_loaded_once(self, world: World, record: Record) -> None:
        world.land("hoso-2026-03-31.ndjson", feed(record(1), record(2, KenhThucHien="9")))
        assert len(world.load_landed().files) == 1
        before = world.rows("select version, dossier_id::varchar from raw.dossiers")
        world.land("the same again 2026-04-30.ndjson", feed(record(1), record(2, KenhThucHien="9")))
        again = world.load_landed()
        assert (again.files, again.removed) == ((), ())
        assert world.rows("select version, dossier_id::varchar from raw.dossiers") == before
        assert world.rows("select count(*) from raw.quarantine") == [(1,)]

    def test_a_withdrawn_file_leaves_with_its_rows_and_quarantine(self, world: World, record: Record) -> None:
        kept = feed(record(1), record(3, KenhThucHien="9"))
        world.land("hoso-2026-03-31.ndjson", kept)
        wrong = world.land("hoso-2026-04-30.ndjson", feed(record(1, TrangThaiHoSo="4"), record(2, KenhThucHien="9")))
        world.load_landed()
        with world.warehouse.connect() as connection:
            assert get_state(connection, "rebuild_because") is None
        world.landing.withdraw("dossiers", wrong.sha256, "wrong month", NOW)
        report = world.load_landed()
        assert (report.removed, report.files) == (("hoso-2026-04-30.ndjson",), ())
        assert world.rows("select status from raw.dossiers") == [("9",)]
        assert world.rows("select name from raw.files") == [("hoso-2026-03-31.ndjson",)]
        with world.warehouse.connect() as connection:
            assert get_state(connection, "rebuild_because")  # months that it had touched are not known any more
            assert source_totals(connection, ["dossiers"])["dossiers"] == {
                "total_in": 2,
                "total_quarantined": 1,
                "reasons": {"unknown_code: KenhThucHien": 1},
                "total_elsewhere": 0,
                "refused": [],
                "truncated": [],
            }

    def test_samples_step_aside_for_the_first_real_file(self, world: World, record: Record) -> None:
        world.land("sample-hoso-2026-03.ndjson", feed(record(1), record(2)))
        assert world.load_landed().rows_loaded == 2
        world.land("hoso-2026-03-31.ndjson", feed(record(3)))
        report = world.load_landed()
        assert report.removed == ("sample-hoso-2026-03.ndjson",)
        assert world.rows("select name, synthetic from raw.files") == [("hoso-2026-03-31.ndjson", False)]
        assert world.rows("select count(*) from raw.dossiers") == [(1,)]

    def test_content_of_a_later_day_wins_whenever_it_lands(self, world: World, record: Record) -> None:
        world.land("hoso-2026-04-30.ndjson", feed(record(1, TrangThaiHoSo="10")))
        world.load_landed()
        # of one day the later file wins, wherever in it the record stands
        world.land("hoso-2026-03-31.ndjson", feed(record(2), record(1, TrangThaiHoSo="4")))
        world.load_landed()
        world.land("hoso-2026-03-31 corrected.ndjson", feed(record(1, TrangThaiHoSo="5")))
        world.load_landed()
        assert world.rows(
            "select status from raw.dossiers where dossier_id = (select any_value(dossier_id) from raw.dossiers "
            "where status = '4') order by version"
        ) == [("4",), ("5",), ("10",)]

    def test_a_file_that_gets_another_day_is_read_again(self, world: World, record: Record) -> None:
        right_clock = world.landed_at
        world.landed_at += timedelta(days=365)
        world.land("hoso.ndjson", feed(record(1, TrangThaiHoSo="4")))
        world.load_landed()
        world.landed_at = right_clock
        world.land("hoso.ndjson", feed(record(1, TrangThaiHoSo="4")))
        assert world.load_landed().reread == 1
        assert world.rows("select extracted_on from raw.files") == [(right_clock.date(),)]
        assert world.rows("select distinct extracted_on from raw.dossiers") == [(right_clock.date(),)]
