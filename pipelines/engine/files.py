"""Where the rows of dossiers lie: Parquet in a folder beside the warehouse, or in S3-compatible storage.

A file is named as DuckDB and the engine name it: `/folder/…` or `s3://bucket/prefix/…`. `raw/<source>/` holds the rows
of landed files, any other folder those of one build. No name is used twice for other rows, and what counts is decided
by `raw.files` and by the views of the warehouse: a listing only finds what an engine has just written, and what may go.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from pipelines.engine.session import EngineProblem
from pipelines.language import tr
from pipelines.warehouse.storage import SCHEME, ObjectStorage

RAW = "raw"
OWNER = "owner"


@dataclass(frozen=True)
class RowFiles:
    """The Parquet of the rows of dossiers of one warehouse. It holds no key: a task for a worker carries it."""

    warehouse: Path
    storage: ObjectStorage | None = None

    @property
    def root(self) -> str:
        return self.storage.root if self.storage else str(self.warehouse.parent / "engine")

    def raw(self, source: str) -> str:
        return f"{self.root}/{RAW}/{source}"

    def new_folder(self) -> str:
        """A folder for one build: readers of the former one are not disturbed."""
        return f"{self.root}/{uuid4().hex[:12]}"

    def parquet(self, folder: str) -> list[str]:
        """The files under a folder, sorted by name."""
        return sorted(name for name, is_file in self._listed(folder) if is_file and name.endswith(".parquet"))

    def written(self, folder: str, rows: Any, spark: Any) -> list[str]:
        """The files that the engine has just written for `rows`. All of them are seen from here, or it is an error.

        Raises:
            EngineProblem: the engine wrote to another place, or what it wrote is not seen yet.
        """
        files = self.parquet(folder)
        there = spark.read.parquet(folder).count() if files else int(not rows.isEmpty())
        self.refuse_unseen(folder, there, self.count(files))
        return files

    def refuse_unseen(self, folder: str, there: int, here: int, files: Collection[str] = ()) -> None:
        """Compare the rows that the engine reads or wrote with those that are here, by the books or by the files.

        Sail reads files that are there and is silent about others that it was asked for.

        Args:
            files: that should be there, to name the first one that is not.

        Raises:
            EngineProblem: they are not as many.
        """
        if there != here:
            gone = sorted(set(files) - set(self.parquet(folder)))[:1]
            raise EngineProblem(
                tr(
                    "{folder} should have the same rows for the engine as from here, and has {there} there, {here} "
                    "here {gone}. Its machines and this one must reach the same folder or storage. Nothing was "
                    "published; where a file is gone for good, `hatinh rebuild` makes it again.",
                    folder=folder,
                    there=there,
                    here=here,
                    gone=f"({tr('not there: {file}', file=gone[0])})" if gone else "",
                )
            )

    def count(self, files: Sequence[str]) -> int:
        """Rows in files, by their footers."""
        if not files:
            return 0
        from pyarrow import dataset

        with self._opened() as opened:
            found = dataset.dataset([_path(file) for file in files], filesystem=opened, format="parquet")
            return int(found.count_rows())

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """A path on this machine to write to; when the block ends well, the file has its name, complete."""
        if self.storage is None:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            hidden = Path(name).with_name(f".{Path(name).stem}.{uuid4().hex}")
            yield hidden
            os.replace(hidden, name)
            return
        with TemporaryDirectory() as folder:
            file = Path(folder) / "rows.parquet"
            yield file
            self._put(file, name)

    def _put(self, file: Path, name: str) -> None:
        """In one call, from a map of the file: an error between two calls would close the stream, and leave the part
        that was sent as if it were all. (DuckDB's `copy … to 's3://…'` does so when its query fails: seen in 1.5.5.)"""
        import pyarrow as pa

        with self._opened() as files, pa.memory_map(str(file)) as source:
            content = source.read_buffer()
            with files.open_output_stream(_path(name)) as out:
                out.write(content)

    def remove(self, folder: str) -> None:
        with self._opened() as files:
            files.delete_dir(_path(folder))

    def remove_unused(self, folder: str, keep: Collection[str]) -> None:
        """Remove what lies under a folder, but the files and folders to keep."""
        keep = set(keep)
        listed = [(name, is_file) for name, is_file in self._listed(folder) if not _folders_of(name) & keep]
        holding = {parent for name in keep for parent in _folders_of(name)}
        gone = {name for name, is_file in listed if not is_file and name not in keep | holding}
        with self._opened() as files:
            for name, is_file in listed:
                if _folders_of(name) & gone:
                    continue  # it goes with its folder
                if name in gone:
                    files.delete_dir(_path(name))
                elif is_file and name not in keep:
                    files.delete_file(_path(name))

    def claim(self) -> None:
        """Make the storage this warehouse's own: another one would take these rows for its own leftovers.

        Raises:
            EngineProblem: another warehouse has it.
        """
        if self.storage is None:
            return
        own = self.warehouse.parent / "engine_storage.id"
        if not own.exists():
            own.write_text(uuid4().hex, encoding="utf-8")
        name = f"{self.root}/{OWNER}"
        with self._opened() as files:
            if not files.get_file_info(_path(name)).is_file:
                self._put(own, name)
            with files.open_input_stream(_path(name)) as object_:
                owner = object_.read()
        if owner != own.read_bytes():
            raise EngineProblem(
                tr(
                    "{root} holds the rows of another warehouse: give each a prefix of its own in "
                    "HATINH_ENGINE_STORAGE. When no warehouse uses it any more, delete the object {root}/owner.",
                    root=self.root,
                )
            )

    def _listed(self, folder: str) -> list[tuple[str, bool]]:
        """What lies under a folder, however deep, folders before their files: name, and whether it is a file."""
        from pyarrow import fs

        scheme = SCHEME if self.storage else ""
        with self._opened() as files:
            found = files.get_file_info(fs.FileSelector(_path(folder), allow_not_found=True, recursive=True))
        return sorted((f"{scheme}{info.path}", info.type is fs.FileType.File) for info in found)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        from pyarrow import fs

        with self.storage.explained() if self.storage else nullcontext():
            yield self.storage.files() if self.storage else fs.LocalFileSystem()


def _path(name: str) -> str:
    """As pyarrow names it."""
    return name.removeprefix(SCHEME)


def _folders_of(name: str) -> set[str]:
    """The folders that a file or folder lies in."""
    return {name[:at] for at, letter in enumerate(name) if letter == "/" and at}
