"""Active files become typed rows of `raw.<source>`; what does not parse goes to quarantine: file, line and reason.

Files are loaded completely, several in one transaction, so a run that is killed leaves complete files or none. For
every file, rows in = rows loaded + rows quarantined; the table `raw.files` refuses to hold anything else. Files that
were loaded before are not read again, unless the rules, settings or registries that judge their rows are others now.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol, cast

import duckdb

from pipelines.language import later, record, tr
from pipelines.personal import PATTERNS, kind_in
from pipelines.reasons import REASONS, codes
from pipelines.sources import isolated, vietnamese_text
from pipelines.sources.base import Source
from pipelines.sources.table_rows import Container, Reason
from pipelines.warehouse.connection import get_state, set_state
from pipelines.warehouse.obstacles import is_interrupt
from pipelines.warehouse.pseudonyms import KeyProblem, bind_key, key_check
from pipelines.warehouse.repeated_keys import bind_repeated_keys, keys_of, repeats_a_key

if TYPE_CHECKING:
    import pyarrow as pa

# A record is identified in the warehouse by one number that also orders the versions of a thing: day of its content,
# then file, then place in the file. 15 + 20 + 28 bits leave a BIGINT positive.
VERSION = "(date_diff('day', date '2000-01-01', extracted_on)::bigint << 48) | (file_no::bigint << 28) | row_no"
MAX_FILES, MAX_ROWS = 1 << 20, 1 << 28

# Digits as 9, letters as a: enough to see what is wrong with a code or a date, too little to identify a person.
SHAPE = r"regexp_replace(regexp_replace(left({value}, 24), '\p{{L}}', 'a', 'g'), '[0-9]', '9', 'g')"
SAMPLED_FOR_FIELDS = 100
_TRIMMED_FIELD = re.compile(r"(?<![a-z_])trim\(j\.[A-Za-z_0-9.]+\)")
IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
HEADING = r"[\p{L}0-9_][\p{L}0-9_ .,;:/()%+-]*"
LONGEST_NAME = 60  # said beside the patterns: repeated 60 times in them, the letters of the world take 70 ms to compile

GROUP_BYTES = 32 << 20
OUR_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.InterruptException, duckdb.ParserException)
"""Errors of the database that no byte of a file can cause."""
CHANGED = later(
    "its bytes are not the ones that were received (the sha256 differs from the receipt): restore it from a backup, or "
    "drop the original again"
)


class LandedFile(Protocol):
    """What the load needs to know of a landed file: its receipt."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def partition(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def extracted_on(self) -> date: ...
    @property
    def landed_at(self) -> Any: ...
    @property
    def synthetic(self) -> bool: ...


class Elsewhere(Protocol):
    """Keeps the typed rows of sources outside of the warehouse, in which `raw.<source>` is then a view on them."""

    def load(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        files: Mapping[int, LandedFile],
        load_no: int,
        reading: str,
    ) -> Iterator[FileLoad]:
        """Load files, and book each of them with its quarantine."""

    def publish(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        """Make the view `raw.<source>` the rows of the files that are booked; rows of a table move out."""


@dataclass(frozen=True)
class FileLoad:
    """The result of loading one file. `refusal` states why a refused file was refused; `reasons` counts its quarantined
    rows.

    `rows_elsewhere` are not of the province: skipped, counted, and no part of `rows_in`.
    """

    name: str
    partition: str
    rows_in: int
    rows_loaded: int
    reasons: tuple[tuple[str, int], ...]
    refusal: str | None
    unexpected_fields: tuple[str, ...]
    rows_elsewhere: int = 0

    @property
    def rows_quarantined(self) -> int:
        return self.rows_in - self.rows_loaded


@dataclass(frozen=True)
class FileOutcome:
    """The status of a file in the warehouse. `reason` states why it was refused; `replaced_by` is a sha256."""

    status: Literal["loaded", "refused", "replaced"]
    reason: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True)
class LoadReport:
    """What a load did for one source. `removed` are files that are no longer active; `reread` counts those among
    `files` that had been read before, under other rules, settings or registries."""

    source: str
    load_no: int
    files: tuple[FileLoad, ...]
    removed: tuple[str, ...]
    reread: int = 0

    @property
    def rows_in(self) -> int:
        return sum(file.rows_in for file in self.files)

    @property
    def rows_loaded(self) -> int:
        return sum(file.rows_loaded for file in self.files)

    @property
    def rows_quarantined(self) -> int:
        return self.rows_in - self.rows_loaded


def load(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    active: Sequence[LandedFile],
    open_file: Callable[[LandedFile], BinaryIO],
    *,
    key: bytes,
    max_record_bytes: int,
    progress: Callable[[FileLoad], None] = lambda file: None,
    elsewhere: Elsewhere | None = None,
) -> LoadReport:
    """Load the active files that are not in the warehouse yet, and remove those that are no longer active.

    Args:
        elsewhere: where the rows are kept; in the table `raw.<source>` of the warehouse by default.

    Files that were read under another `Source.reading`, or as of another day, are loaded again. Any error while one
    file is read, typed or counted is a refusal of that file, with the class and place of the error; the others are
    loaded.

    Raises:
        KeyProblem: the key is not the one that the warehouse's pseudonyms were made with.
    """
    _remember_key(connection, key)
    _bind(connection, source, key)
    if elsewhere is None:
        _bring_home(connection, source)
    else:
        elsewhere.publish(connection, source)
    reading = source.reading()
    known = {
        (str(sha256), str(name)): (int(file_no), (read_under, day))
        for sha256, name, file_no, read_under, day in connection.execute(
            "select sha256, name, file_no, reading, extracted_on from raw.files where source = ?", [source.name]
        ).fetchall()
    }
    wanted = {(file.sha256, file.name): (reading, file.extracted_on) for file in active}
    gone = {file: file_no for file, (file_no, _) in known.items() if file not in wanted}
    stale = {file: file_no for file, (file_no, read) in known.items() if file in wanted and read != wanted[file]}
    if gone:
        _remove(connection, source, gone.values(), record("files were withdrawn or superseded"), elsewhere)
    if stale:
        because = record("the files of {source} are read under other rules now", source=source.name)
        _remove(connection, source, stale.values(), because, elsewhere)
    if elsewhere is None:
        _create_table(connection, source)
    next_no, load_no = _one(
        connection,
        "select coalesce(max(file_no), 0) + 1, greatest(coalesce(max(load_no), 0), ?) + 1 from raw.files",
        [int(get_state(connection, "last_load_removed") or 0)],
    )
    current = known.keys() - stale.keys()
    numbered = list(enumerate((f for f in active if (f.sha256, f.name) not in current), start=next_no))
    if next_no + len(numbered) > MAX_FILES:
        raise RuntimeError(
            tr(
                "{max_files:,} files are loaded: merge the old ones of {name} before you load more.",
                max_files=MAX_FILES,
                name=source.name,
            )
        )
    loads: list[FileLoad] = []
    if elsewhere is not None:
        for result in elsewhere.load(connection, source, dict(numbered), load_no, reading):
            loads.append(result)
            progress(result)
    else:
        for files in _groups(numbered):
            loads += _load_files(connection, source, files, open_file, max_record_bytes, load_no, reading, progress)
    _mark_replaced(connection, source)
    return LoadReport(source.name, load_no, tuple(loads), tuple(sorted(name for _, name in gone)), len(stale))


def load_alone(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    file_no: int,
    file: LandedFile,
    open_file: Callable[[LandedFile], BinaryIO],
    *,
    key: bytes,
    max_record_bytes: int,
    load_no: int,
    reading: str,
) -> FileLoad:
    """Load one file into an empty warehouse, as `load` does: what a worker of an engine runs."""
    _bind(connection, source, key)
    _create_table(connection, source)
    files = {file_no: file}
    (result,) = _load_files(connection, source, files, open_file, max_record_bytes, load_no, reading, lambda _: None)
    return result


def stored_file(raw: Path) -> Callable[[LandedFile], BinaryIO]:
    """Opens landed files under the folder `raw`."""
    return lambda file: open(raw / file.path, "rb")


def _one(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
    row = connection.execute(sql, parameters).fetchone()
    assert row is not None, sql  # noqa: S101 - an aggregate always has a row
    return row


def _remember_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    check, remembered = key_check(key), get_state(connection, "key_check")
    if remembered is None:
        set_state(connection, "key_check", check)
    elif remembered != check:
        raise KeyProblem(
            tr(
                "The pseudonym key (HATINH_PSEUDONYM_KEY_FILE) is not the one this warehouse was loaded "
                "with: the same dossier would count as two. Put the old key back, or rebuild under the new "
                "one with `hatinh rebuild`."
            )
        )


def _bind_is_misread(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a session the function `is_misread(text)`; an earlier load may have done so."""
    with suppress(duckdb.CatalogException, duckdb.NotImplementedException):
        connection.create_function("is_misread", vietnamese_text.is_misread, ["VARCHAR"], "BOOLEAN")


def _bind(connection: duckdb.DuckDBPyConnection, source: Source, key: bytes) -> None:
    """Give the session the functions and variables that typing a record needs."""
    bind_key(connection, key)
    if source.province:
        source.province.bind(connection)
    bind_repeated_keys(connection, source.table.structure)
    _bind_is_misread(connection)


def is_view(connection: duckdb.DuckDBPyConnection, relation: str) -> bool | None:
    """Whether a relation, as `schema.name`, is a view; None where it is not there."""
    row = connection.execute(
        "select table_type from information_schema.tables where table_schema = ? and table_name = ?",
        relation.split("."),
    ).fetchone()
    return None if row is None else row[0] == "VIEW"


def _bring_home(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Rows that were kept elsewhere, as a table of the warehouse again."""
    if is_view(connection, f"raw.{source.name}"):
        connection.begin()
        connection.execute(f"create or replace temp table brought_home as select * from raw.{source.name}")
        connection.execute(f"drop view raw.{source.name}")
        connection.execute(f"create table raw.{source.name} as select * from brought_home")
        connection.execute("drop table brought_home")
        connection.commit()


def _create_table(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """The raw table; one that is empty is created again, since its columns may be of another version of the source."""
    columns = ", ".join(f"{column.name} {column.type}" for column in source.table.columns)
    (is_empty,) = _one(
        connection, "select count(*) = 0 from raw.files where source = ? and rows_loaded > 0", [source.name]
    )
    connection.execute(
        f"create {'or replace table' if is_empty else 'table if not exists'} raw.{source.name} "
        f"(version bigint, file_no integer, load_no integer, extracted_on date, {columns})"
    )


def _remove(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    file_nos: Collection[int],
    because: str,
    elsewhere: Elsewhere | None,
) -> None:
    """Take files out. Where none of them had a row loaded, no table can change and nothing is built again."""
    connection.begin()
    rows, last_load = _one(
        connection,
        "select coalesce(sum(rows_loaded) filter (where file_no in (select unnest(?))), 0), max(load_no) "
        "from raw.files",
        [list(file_nos)],
    )
    # A number of a load is used once: models remember up to which one they were built.
    removed = max(int(get_state(connection, "last_load_removed") or 0), int(last_load or 0))
    set_state(connection, "last_load_removed", str(removed))
    for table in ("raw.quarantine", "raw.files", *([] if elsewhere else [f"raw.{source.name}"])):
        connection.execute(f"delete from {table} where file_no in (select unnest(?))", [list(file_nos)])
    if elsewhere:
        elsewhere.publish(connection, source)
    if rows:  # which months of the marts these files contributed to is no longer known: force a full rebuild
        set_state(connection, "rebuild_because", because)
    connection.commit()


def _mark_replaced(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Book which files a later one replaces. One that was refused replaces nothing, and is replaced like any other."""
    if source.subject is None:
        return
    booked = [
        (int(file_no), source.subject(str(name)), status == "loaded")
        for file_no, name, status in connection.execute(
            "select file_no, name, status from raw.files where source = ? order by file_no", [source.name]
        ).fetchall()
    ]
    newest = {subject: file_no for file_no, subject, is_loaded in booked if is_loaded}
    later = {file_no: newest.get(subject, file_no) for file_no, subject, _ in booked}
    connection.execute(
        "update raw.files set replaced_by = if(later.newest > files.file_no, later.newest, null) "
        "from (select unnest(?::integer[]) as file_no, unnest(?::integer[]) as newest) as later "
        "where files.file_no = later.file_no",
        [list(later), list(later.values())],
    )


def _groups(numbered: Sequence[tuple[int, LandedFile]]) -> Iterator[dict[int, LandedFile]]:
    """Files that are judged by one statement: planning it costs as much as ten thousand rows."""
    group: dict[int, LandedFile] = {}
    size = 0
    for file_no, file in numbered:
        if group and size + file.bytes > GROUP_BYTES:
            yield group
            group, size = {}, 0
        group[file_no] = file
        size += file.bytes
    if group:
        yield group


class _Hashed(io.BufferedIOBase):
    """A stream whose bytes are hashed as they are read for the first time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._hashed = self._at = 0

    def read(self, size: int | None = -1, /) -> bytes:
        block = self._stream.read(-1 if size is None else size)
        if self._at <= self._hashed < self._at + len(block):
            self._digest.update(memoryview(block)[self._hashed - self._at :])
            self._hashed = self._at + len(block)
        self._at += len(block)
        return block

    read1 = read

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = self._stream.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def sha256(self) -> str:
        """The digest of all bytes, whatever was read so far."""
        self.seek(self._hashed)
        while self.read(1 << 20):
            pass
        return self._digest.hexdigest()


class _Group:
    """The records of some files as one Arrow stream; what cannot be framed or read is set aside on the way."""

    def __init__(
        self,
        source: Source,
        files: Mapping[int, LandedFile],
        open_file: Callable[[LandedFile], BinaryIO],
        max_record_bytes: int,
    ) -> None:
        self.files = files
        self.rejects: list[tuple[int, int, str, str | None]] = []
        self.sampled: list[tuple[int, str]] = []
        self.unreadable: dict[int, str] = {}
        self.elsewhere: Counter[int] = Counter()
        self.stopped_by: BaseException | None = None
        self._source = source
        self._open_file = open_file
        self._max_record_bytes = max_record_bytes

    def reader(self) -> pa.RecordBatchReader:
        """(file_no, extracted_on, row_no, text), file after file; no join is needed, which would run on one core."""
        import pyarrow as pa  # heavy, and the warehouse is also opened without loading

        schema = pa.schema(
            [("file_no", pa.int32()), ("extracted_on", pa.date32()), ("row_no", pa.int64()), ("text", pa.string())]
        )

        def stream() -> Iterator[pa.RecordBatch]:
            for file_no, batch in self._batches():
                rows = len(batch.row_no)
                file = pa.repeat(pa.scalar(file_no, pa.int32()), rows)
                day = pa.repeat(pa.scalar(self.files[file_no].extracted_on, pa.date32()), rows)
                yield pa.record_batch([file, day, batch.row_no, batch.text], schema=schema)

        return pa.RecordBatchReader.from_batches(schema, stream())

    def _batches(self) -> Iterator[tuple[int, Any]]:
        """An error of any class, panics of libraries in Rust among them, is the refusal of the file that it is in."""
        for file_no, file in self.files.items():
            try:
                yield from self._read(file_no, file)
            except GeneratorExit:
                raise
            except (KeyboardInterrupt, SystemExit) as stop:
                self.stopped_by = stop  # the database makes an error of its own of it
                raise
            except OSError as error:
                self.unreadable[file_no] = record(
                    "the file cannot be read ({error})", error=error.strerror or type(error).__name__
                )
            except isolated.ReaderFailed as error:
                self.unreadable[file_no] = record("the file cannot be read: {error}", error=error)
            except BaseException as error:
                self.unreadable[file_no] = record("the file cannot be read: {error}", error=isolated.where(error))

    def _read(self, file_no: int, file: LandedFile) -> Iterator[tuple[int, Any]]:
        wanted = SAMPLED_FOR_FIELDS
        with self._open_file(file) as opened:
            hashed = _Hashed(opened)
            for batch in self._frames(file, cast("BinaryIO", hashed)):
                self.rejects.extend(
                    (file_no, row_no, str(reason), field[0] if field else None)
                    for row_no, reason, *field in batch.rejects
                )
                self.elsewhere[file_no] += batch.elsewhere
                if wanted:
                    texts = batch.text[:wanted].to_pylist()
                    self.sampled.extend((file_no, text) for text in texts)
                    wanted -= len(texts)
                if len(batch.row_no):
                    if batch.row_no[-1].as_py() >= MAX_ROWS:
                        self.unreadable[file_no] = record(
                            "it has more than {rows} rows: split it", rows=f"{MAX_ROWS:,}"
                        )
                        return
                    yield file_no, batch
            if hashed.sha256() != file.sha256:
                self.unreadable[file_no] = CHANGED

    def _frames(self, file: LandedFile, stream: BinaryIO) -> Iterator[Any]:
        options: dict[str, Any] = {"max_record_bytes": self._max_record_bytes}
        options |= self._source.framing_options(file.name)
        head = stream.read(64)
        stream.seek(0)
        if isolated.is_needed(head):
            return isolated.frames(self._source.frame, stream, **options)
        return self._source.frame(stream, **options)


class _Refused(_Group):
    """Files of which nothing is read, since the database failed on them."""

    def __init__(
        self,
        source: Source,
        files: Mapping[int, LandedFile],
        open_file: Callable[[LandedFile], BinaryIO],
        max_record_bytes: int,
        refusal: str,
    ) -> None:
        super().__init__(source, files, open_file, max_record_bytes)
        self.unreadable = dict.fromkeys(files, refusal)

    def _batches(self) -> Iterator[tuple[int, Any]]:
        return iter(())


def _load_files(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    files: Mapping[int, LandedFile],
    open_file: Callable[[LandedFile], BinaryIO],
    max_record_bytes: int,
    load_no: int,
    reading: str,
    progress: Callable[[FileLoad], None],
) -> list[FileLoad]:
    """Load some files in one transaction, and book each of them.

    Where the database itself fails on them, each is loaded by itself, so that only the one that causes it is refused.
    """
    group = _Group(source, files, open_file, max_record_bytes)
    try:
        loads = _load_group(connection, source, group, load_no, reading)
    except (KeyboardInterrupt, SystemExit, *OUR_ERRORS):
        raise
    except BaseException as error:
        if group.stopped_by:
            raise group.stopped_by from None
        if is_interrupt(error):
            raise
        if len(files) > 1:
            return [
                load
                for file_no, file in files.items()
                for load in _load_files(
                    connection, source, {file_no: file}, open_file, max_record_bytes, load_no, reading, progress
                )
            ]
        refusal = record("its rows cannot be typed: {error}", error=isolated.where(error))
        group = _Refused(source, files, open_file, max_record_bytes, refusal)
        loads = _load_group(connection, source, group, load_no, reading)
    for result in loads:
        progress(result)
    return loads


def _load_group(
    connection: duckdb.DuckDBPyConnection, source: Source, group: _Group, load_no: int, reading: str
) -> list[FileLoad]:
    try:
        _judge(connection, source, group.reader())
        if group.unreadable:  # what was read of them before the error is no complete file
            connection.execute("delete from judged where file_no in (select unnest(?))", [list(group.unreadable)])
            group.rejects = [reject for reject in group.rejects if reject[0] not in group.unreadable]
            group.sampled = [sample for sample in group.sampled if sample[0] not in group.unreadable]
        connection.begin()
        try:
            _insert(connection, source, group.rejects, load_no)
            loads = _book(connection, source, group, load_no, reading)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    finally:
        connection.execute("reset disabled_optimizers")
        connection.unregister("frames")
        connection.execute("drop table if exists judged")
    return loads


def _book(
    connection: duckdb.DuckDBPyConnection, source: Source, group: _Group, load_no: int, reading: str
) -> list[FileLoad]:
    """Count the rows of each file and write it into raw.files."""
    judged = dict(connection.execute("select file_no, count(*) + sum(lost) from judged group by file_no").fetchall())
    reasons: dict[int, list[tuple[str, int]]] = {file_no: [] for file_no in group.files}
    for file_no, reason, count in connection.execute(
        "select file_no, reason || coalesce(': ' || field, '') as reason, count(*) as n from raw.quarantine "
        "where file_no in (select unnest(?)) group by file_no, reason, field order by n desc, reason",
        [list(group.files)],
    ).fetchall():
        reasons[file_no].append((str(reason), int(count)))
    framed = Counter(file_no for file_no, *_ in group.rejects)
    unexpected = _unexpected(connection, source, group.sampled)
    loads, rows = [], []
    for file_no, file in group.files.items():
        rows_in = int(judged.get(file_no, 0)) + framed[file_no]
        quarantined = sum(count for _, count in reasons[file_no])
        refusal = group.unreadable.get(file_no)
        if refusal is None and rows_in == quarantined:
            elsewhere = group.elsewhere[file_no]
            first = reasons[file_no][0][0] if reasons[file_no] else ""
            refusal = (REASONS[first].fix_en if first in set(Container) else None) or (
                record("no row of the province is in it ({rows} rows of other places)", rows=f"{elsewhere:,}")
                if elsewhere and not rows_in
                else record("the file is empty")
                if not rows_in or reasons[file_no] == [("empty_file", 1)]
                else record(
                    "no record of {source} in it ({rows} rows, first reason {reason})",
                    source=source.name,
                    rows=f"{rows_in:,}",
                    reason=reasons[file_no][0][0],
                )
            )
        result = FileLoad(
            file.name,
            file.partition,
            rows_in,
            rows_in - quarantined,
            tuple(reasons[file_no]),
            refusal,
            tuple(unexpected.get(file_no, ())),
            group.elsewhere[file_no],
        )
        loads.append(result)
        rows.append(
            [
                file_no,
                source.name,
                file.sha256,
                file.name,
                file.path,
                file.partition,
                file.extracted_on,
                file.landed_at.astimezone(UTC).replace(tzinfo=None),
                file.synthetic,
                load_no,
                "refused" if refusal else "loaded",
                refusal,
                rows_in,
                result.rows_loaded,
                quarantined,
                list(result.unexpected_fields),
                result.rows_elsewhere,
                None,  # replaced by
                reading,
            ]
        )
    connection.executemany(f"insert into raw.files values ({', '.join('?' * len(rows[0]))})", rows)
    return loads


def _judge(connection: duckdb.DuckDBPyConnection, source: Source, frames: pa.RecordBatchReader) -> None:
    """Make the temporary table `judged`: every record typed, with `reject` = (reason, field, shape) or null."""
    structure = json.dumps(source.table.structure)
    names = ", ".join(column.name for column in source.table.columns)
    columns, cases, trimmed = _trimmed_once(
        ", ".join(f"{column.sql} as {column.name}" for column in source.table.columns),
        " ".join(
            f"when {rule.broken} then {{reason: '{rule.reason}', field: '{rule.field}', value: {rule.value}}}"
            for rule in source.table.rules
        ),
    )
    personal = " ".join(
        f"when regexp_matches({column}, '{'|'.join(PATTERNS.values())}') "
        f"then {{reason: 'personal_data', field: '{column}', value: null}}"
        for column in source.table.free_texts
    )
    misread = " ".join(
        f"when case when regexp_matches({column}, '{vietnamese_text.ODD}') then is_misread({column}) end "
        f"then {{reason: 'wrong_encoding', field: '{column}', value: null}}"
        for column in source.table.texts
    )
    connection.register("frames", frames)
    # it plans the short lists of the rules for 0.1 to 1.7 s a statement, and gains nothing on them
    connection.execute("set disabled_optimizers = 'in_clause'")
    connection.execute(
        f"""
        create or replace temp table judged as
        with framed as (
            -- `try` goes through 2,048 records one by one where one of them fails: it gets none that is no JSON
            select *, json_valid(text) as is_json, case when is_json then text end as valid from frames
        ),
        parsed as (
            select * exclude (valid), {keys_of("valid")} as keys, try(from_json(valid, '{structure}')) as j
            from framed
        ),
        trimmed as (
            select *{trimmed} from parsed
        ),
        typed as (
            select *, hash(text) as content, {columns}
            from trimmed
        ),
        ruled as (
            select file_no, row_no, extracted_on, content, {names},
                   case
                       when not is_json then {{reason: 'invalid_json', field: null::varchar, value: null::varchar}}
                       when left(ltrim(text), 1) <> '{{' then {{reason: 'not_an_object', field: null, value: null}}
                       when {repeats_a_key("text", "keys", source.table.structure)}
                       then {{reason: 'repeated_key', field: null, value: null}}
                       {cases}
                       {personal}
                       {misread}
                   end as broken,
                   case when is_json then 0 else len(regexp_extract_all(text, '\\}}\\s*\\{{')) end as lost
            from typed
        )
        -- the shape is made once, of the value that was rejected: in every rule it would take most of the planning
        select * exclude (broken),
               case when broken is not null
                    then {{reason: broken.reason, field: broken.field, shape: {SHAPE.format(value="broken.value")}}}
               end as reject
        from ruled
        """
    )


def _trimmed_once(columns: str, cases: str) -> tuple[str, str, str]:
    """SQL in which each field is trimmed once: the columns, the rules, and what gives them the trimmed fields.

    Columns and rules ask for it four times per field, and within `case` the database does not see that it is the same.
    """
    fields = dict.fromkeys(_TRIMMED_FIELD.findall(columns + cases))
    names = {found: f"trimmed_{number}" for number, found in enumerate(fields)}

    def named(sql: str) -> str:
        return _TRIMMED_FIELD.sub(lambda found: names[found[0]], sql)

    return named(columns), named(cases), "".join(f", {sql} as {name}" for sql, name in names.items())


def _insert(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    rejects: Sequence[tuple[int, int, str, str | None]],
    load_no: int,
) -> None:
    names = ", ".join(column.name for column in source.table.columns)
    identity = source.table.identity
    # The same record again in the same file, to the byte: the first stays.
    connection.execute(
        f"""
        update judged set reject = {{reason: 'duplicate_record', field: null, shape: null}}
        from (
            select file_no, {identity}, content, min(row_no) as first_row
            from judged where reject is null group by file_no, {identity}, content having count(*) > 1
        ) as repeated
        where judged.reject is null and judged.file_no = repeated.file_no
          and judged.{identity} = repeated.{identity}
          and judged.content = repeated.content and judged.row_no > repeated.first_row
        """
    )
    connection.execute(
        f"""
        insert into raw.{source.name}
        select {VERSION}, file_no, {load_no}, extracted_on, {names} from judged where reject is null
        """
    )
    connection.execute(
        """
        insert into raw.quarantine
        select file_no, row_no, reject.reason, reject.field, reject.shape from judged where reject is not null
        union all
        -- several records on one line of NDJSON are one that is not valid: the others are counted too
        select file_no, row_no, 'row_lost', null, null
        from (select file_no, row_no, unnest(range(lost)) from judged where lost > 0)
        """
    )
    if rejects:
        columns = list(zip(*rejects, strict=True))
        connection.execute(
            "insert into raw.quarantine (file_no, row_no, reason, field) select unnest(?::integer[]), "
            "unnest(?::bigint[]), unnest(?::varchar[]), unnest(?::varchar[])",
            [list(column) for column in columns],
        )


def _unexpected(
    connection: duckdb.DuckDBPyConnection, source: Source, sampled: Sequence[tuple[int, str]]
) -> dict[int, list[str]]:
    """By file: names of fields that the source does not know, in its first records; only what looks like a name.

    Headings of operators' forms are words of a language; a key of another feed is reported only where it is an
    identifier.
    """
    name = HEADING if source.has_forms else IDENTIFIER
    rows = connection.execute(
        f"""
        select distinct file_no, key from (
            select file_no, unnest(json_keys(text)) as key
            from (select unnest(?::integer[]) as file_no, unnest(?::varchar[]) as text)
            where json_valid(text) and json_type(text) = 'OBJECT'
        ) where len(key) <= {LONGEST_NAME} and regexp_full_match(key, '{name}')
            and not regexp_matches(key, '[0-9]{{4}}') order by file_no, key
        """,
        [[file_no for file_no, _ in sampled], [text for _, text in sampled]],
    ).fetchall()
    found: dict[int, list[str]] = {}
    known = {field.casefold() for field in source.known_fields}
    for file_no, key in rows:
        if key.casefold() not in known and kind_in(key) is None:
            found.setdefault(int(file_no), []).append(str(key))
    return found


_COUNTS = "status = 'loaded' and replaced_by is null"


def file_outcomes(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str], FileOutcome]:
    """The status of each file of a source that the warehouse knows, by sha256 and name."""
    rows = connection.execute(
        "select f.sha256, f.name, if(f.replaced_by is null, f.status, 'replaced'), f.refusal, later.sha256 "
        "from raw.files as f left join raw.files as later on f.replaced_by = later.file_no where f.source = ?",
        [source],
    ).fetchall()
    return {(str(sha256), str(name)): FileOutcome(*outcome) for sha256, name, *outcome in rows}


def refused_files(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """By source: name and reason of the active files of which nothing was loaded, and that no other replaces."""
    return _by_source(
        connection,
        "select source, name, refusal from raw.files where status = 'refused' and replaced_by is null order by file_no",
    )


def repeated_files(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, list[str]]]]:
    """By source: names under which several loaded files of one day count, with their sha256 in the order of arrival."""
    return _by_source(
        connection,
        f"select source, name, list(sha256 order by landed_at, file_no) from raw.files where {_COUNTS} "
        "group by source, name, extracted_on having count(*) > 1 order by source, name",
    )


def unread_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, list[str]]]]:
    """By source: loaded files that no other replaces, with their columns that the source neither reads nor drops."""
    return _by_source(
        connection,
        f"select source, name, unexpected_fields from raw.files where {_COUNTS} and len(unexpected_fields) > 0 "
        "order by file_no",
    )


def _by_source(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()
) -> dict[str, list[tuple[str, Any]]]:
    """By source: name of a file and one fact about it, from rows of the three."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for source, name, fact in connection.execute(sql, parameters).fetchall():
        found.setdefault(str(source), []).append((str(name), fact))
    return found


def quarantine_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """By source: rows in, and how many of them went to quarantine, over the loaded files that no other replaces.

    A refused file is no part of the feed; it is reported by name and does not weigh on the share.
    """
    rows = connection.execute(
        f"select source, coalesce(sum(rows_in) filter (where {_COUNTS}), 0)::bigint, "
        f"coalesce(sum(rows_quarantined) filter (where {_COUNTS}), 0)::bigint from raw.files group by source"
    ).fetchall()
    return {str(source): (int(rows_in), int(quarantined)) for source, rows_in, quarantined in rows}


def source_totals(connection: duckdb.DuckDBPyConnection, sources: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By source, over all its active files: rows, quarantined rows by reason, refused and truncated files."""
    counts, refused, truncated = quarantine_counts(connection), refused_files(connection), truncated_files(connection)
    reasons: dict[str, dict[str, int]] = {}
    for source, reason, count in connection.execute(
        "select f.source, q.reason || coalesce(': ' || q.field, '') as reason, count(*) as n "
        f"from raw.quarantine as q join raw.files as f using (file_no) where {_COUNTS} "
        "group by all order by n desc, reason"
    ).fetchall():
        reasons.setdefault(str(source), {})[str(reason)] = int(count)
    elsewhere = dict(
        connection.execute(
            "select source, sum(rows_elsewhere)::bigint from raw.files where replaced_by is null group by source"
        ).fetchall()
    )
    return {
        source: {
            "total_in": counts.get(source, (0, 0))[0],
            "total_quarantined": counts.get(source, (0, 0))[1],
            "reasons": reasons.get(source, {}),
            "total_elsewhere": int(elsewhere.get(source) or 0),
            "refused": [f"{name}: {reason}" for name, reason in refused.get(source, ())],
            "truncated": [f"{name}: {reason}" for name, reason in truncated.get(source, ())],
        }
        for source in sources
    }


_TRUNCATED = """
    with truncated as (
        select distinct f.source, f.name, q.reason, f.file_no, f.extracted_on, f.rows_in
        from raw.files as f join raw.quarantine as q using (file_no)
        where q.reason in (select unnest(?)) and f.replaced_by is null
    ),
    lacking as (
        select * from truncated
        where not exists (
            select 1 from raw.files as later
            where later.source = truncated.source and later.name = truncated.name and later.status = 'loaded'
              and later.file_no > truncated.file_no and later.file_no not in (select file_no from truncated)
        )
    )
"""
"""Active files whose remainder was not read, by these reasons; `lacking` without those that came again, complete."""


def truncated_files(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """By source: name and reason of active files whose remainder was not read, except those that came again, complete,
    under the same name."""
    query = f"{_TRUNCATED} select source, name, reason from lacking order by file_no, reason"
    return _by_source(connection, query, [list(codes("rest"))])


def rows_lost(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """By source and name: how many rows a truncated file may have lost, at most as many as the files around it have.

    The largest complete file of the source within 31 days of it, or its own readable rows where they are more. A file
    with fewer than three such neighbours is not estimated: a monthly export may have lost the month.
    """
    found: dict[str, dict[str, int]] = {}
    cut_off = [code for code in codes("rest") if code != Reason.FURTHER_SHEET]
    for source, name, rows in connection.execute(
        f"""
        {_TRUNCATED}
        select t.source, t.name, greatest(max(n.rows_in), any_value(t.rows_in))
        from (select distinct * exclude (reason) from lacking) as t join raw.files as n
            on n.source = t.source and n.status = 'loaded' and n.replaced_by is null
            and n.file_no not in (select file_no from truncated)
            and abs(date_diff('day', n.extracted_on, t.extracted_on)) <= 31
        group by t.source, t.name, t.file_no having count(*) >= 3
        """,
        [cut_off],
    ).fetchall():
        files = found.setdefault(str(source), {})
        files[str(name)] = files.get(str(name), 0) + int(rows)
    return found
