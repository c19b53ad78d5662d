"""The scoreboard in the terminal: what readers now get, what was held back and why, what lies in quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.release.store import Release, ReleaseStore

_REASONS = {
    "ambiguous_number": "dấu ba chữ số có thể là hàng nghìn hoặc phần thập phân",
    "bad_amount": "số tiền không phải là số",
    "bad_code": "mã không đúng dạng",
    "bad_date": "ngày không có thật hoặc sai định dạng",
    "bad_number": "mã hồ sơ sai mẫu",
    "bad_period": "không phải ngày đầu kỳ",
    "contact_in_note": "ghi chú có thông tin cá nhân",
    "corrupt_gzip": "tệp nén hỏng",
    "date_out_of_range": "ngày ngoài khoảng hợp lý",
    "duplicate_record": "bản ghi lặp lại trong tệp",
    "empty_file": "tệp rỗng",
    "formula_without_value": "công thức chưa được tính",
    "fraction_for_percent": "phần trăm nhập dạng 0,85",
    "invalid_json": "không phải JSON",
    "invalid_utf8": "sai mã ký tự UTF-8",
    "malformed_array": "mảng JSON hỏng",
    "missing_field": "thiếu trường bắt buộc",
    "not_a_number": "không phải là số",
    "not_an_object": "không phải một đối tượng JSON",
    "old_form": "mẫu biểu cũ",
    "out_of_range": "ngoài khoảng cho phép",
    "record_too_long": "bản ghi quá dài",
    "row_altered": "dòng không phải của biểu",
    "row_deleted": "dòng của biểu bị xóa",
    "row_repeated": "dòng lặp lại",
    "text_in_number_cell": "chữ trong ô số",
    "truncated_array": "mảng JSON bị cắt",
    "truncated_gzip": "tệp nén bị cắt",
    "unknown_code": "mã ngoài danh mục",
    "value_though_missing": "có giá trị nhưng ghi là thiếu",
    "wrong_shape": "cấu trúc trường không đúng",
    "wrong_unit": "đơn vị tính khác danh mục",
}


def scoreboard(store: ReleaseStore, runs: list[dict[str, Any]]) -> RenderableType:
    """What to print after a run and on `hatinh status`. Reads the current release and the book of runs only."""
    release = store.current()
    parts: list[RenderableType] = []
    if release is None:
        parts.append(Text("Chưa có bản công bố nào / no release yet: hatinh run", style="yellow"))
    else:
        if release.synthetic:
            parts.append(
                Panel(
                    "Tính từ dữ liệu mẫu, không phải số liệu thật của tỉnh.\n"
                    "Computed from synthetic samples, not from the province's data.",
                    title="DỮ LIỆU MẪU – SYNTHETIC",
                    style="yellow",
                )
            )
        parts.append(_targets(release))
        parts.append(_tables(release))
    last = runs[-1] if runs else None
    loads: Mapping[str, Any] = next((run["loads"] for run in reversed(runs) if run.get("loads")), {})
    if loads:
        parts.append(_quarantine(loads))
    if release is not None and release.held_back:
        parts.append(_held_back(release))
    if last and last["status"] in ("failed", "died"):
        parts.append(Text(f"Lần chạy cuối / last run: {last['status']} – {last.get('error') or ''}", style="red"))
    if release is not None:
        parts.append(Text.assemble("Bản công bố / release: ", (release.id, "bold"), f"  {release.path}"))
    return Group(*parts)


_STATUS = {
    "met": ("✓", "đã đạt / met", "green"),
    "on_track": ("↑", "đúng tiến độ / on track", "green"),
    "moderate": ("↗", "chậm / moderate", "yellow"),
    "insufficient": ("→", "không đủ / insufficient", "red"),
    "away": ("↓", "xa dần / moving away", "red"),
    "not_assessed": ("·", "chưa đánh giá / not assessed", "dim"),
    "no_data": ("?", "chưa có số liệu / no data", "bold yellow"),
}
"""Sign, words and colour of each verdict: the colour only repeats what the first two say."""


def _targets(release: Release) -> RenderableType:
    table = Table(title="Chỉ tiêu / targets", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("Chỉ tiêu", ratio=3)
    for name in ("Giá trị", "Mục tiêu"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Đánh giá", ratio=2)
    path = release.path / "target_progress.parquet"
    for _, targets in groupby(_read(path) if path.exists() else [], key=lambda row: row["pillar_position"]):
        rows = list(targets)
        table.add_row(f"[bold]{rows[0]['pillar_vi']} / {rows[0]['pillar_en']}[/bold]")
        for row in rows:
            if row["value"] is not None:
                table.add_row(*_measured(row))
        silent = [row["title_vi"] for row in rows if row["value"] is None]
        if silent:
            names = "; ".join(dict.fromkeys(silent))
            table.add_row(f"  [dim]{names}[/dim]", "–", "", f"{_verdict('no_data')}: {len(silent)}")
        table.add_section()
    return table


def _measured(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    place = f" ({row['area_name']})" if row["area_code"] == "VN" else ""
    told = f"{row['document']}; bằng chứng / grade {row['grade']}" if row["document"] else row["note"]
    expected = f"\n[dim]dự kiến / expected {row['expected_year']}[/dim]" if row["expected_year"] else ""
    asked = "–"
    if row["target_value"] is not None:
        asked = f"{row['target_value']:g} {row['unit']}\n[dim]{row['target_year'] or ''}[/dim]"
    return (
        f"  {row['title_vi']}{place}\n  [dim]{row['title_en']}\n  {told}[/dim]",
        f"{row['value']:.2f} {row['unit']}\n[dim]{row['last_month']:%m/%Y} {row['obs_status']}[/dim]",
        asked,
        f"{_verdict(row['status'])}{expected}",
    )


def _verdict(status: str) -> str:
    sign, words, style = _STATUS[status]
    return f"[{style}]{sign} {words}[/{style}]"


def _read(path: Path) -> list[dict[str, Any]]:
    """Each target and area at its newest value, in the order of the pillars.

    A table that was released before there were verdicts is not shown: the next run replaces it.
    """
    with duckdb.connect() as connection:
        shown = connection.read_parquet(str(path))
        if "status" not in shown.columns:
            return []
        shown.create_view("shown")
        found = connection.execute("select * from shown where is_latest order by pillar_position, target_id, area_code")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _tables(release: Release) -> RenderableType:
    table = Table(title="Bảng công bố / published tables", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("Bảng", "Tên", "Trạng thái"):
        table.add_column(name, overflow="fold")
    table.add_column("Số dòng", justify="right")
    for resource in release.package["resources"]:
        held = resource.get("held_back")
        state = (
            f"[yellow]giữ lại từ / held back since {held['since']}[/yellow]" if held else "[green]đạt / passed[/green]"
        )
        table.add_row(resource["name"], resource.get("title", ""), state, f"{resource['rows']:,}")
    return table


def _held_back(release: Release) -> RenderableType:
    table = Table(title="Bị giữ lại / held back", box=box.SIMPLE_HEAD, title_justify="left", style="yellow")
    for name in ("Chỉ tiêu", "Từ", "Vì sao"):
        table.add_column(name, overflow="fold")
    for held in release.held_back:
        table.add_row(held.target, str(held.since), held.reason)
    return table


def _quarantine(loads: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    table = Table(title="Nạp và cách ly / loaded and quarantined", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("Nguồn")
    for name in ("Vào", "Nạp", "Cách ly"):
        table.add_column(name, justify="right")
    table.add_column("Lý do", overflow="fold")
    for source, load in loads.items():
        if not load["total_in"] and not load.get("refused"):
            continue
        reasons = load.get("reasons", {})
        table.add_row(
            source,
            f"{load['total_in']:,}",
            f"{load['total_in'] - load['total_quarantined']:,}",
            f"{load['total_quarantined']:,}",
            "\n".join(
                f"{count:,} × {reason} – {_REASONS.get(reason.split(':')[0], '')}" for reason, count in reasons.items()
            ),
        )
        for refused in load.get("refused", []):
            table.add_row("", "", "", "", f"[yellow]từ chối tệp / refused: {refused}[/yellow]")
    return table
