"""The last guard before publication: no table with personal data leaves, regardless of the checks before it.

Rows with too small a count are merged on the way into the internal edition (`source_of`), where the policy of a mart
asks for it; what the open edition hides is in `disclosure.py`.

Direct identifiers are looked for by the name of a column and by the look of its values: citizen identity numbers (12
digits) and older identity cards (9 digits), Vietnamese telephone numbers, e-mail addresses, codes of single dossiers.
Findings name the column, the kind and how many rows: never a value. The guard errs on the safe side: a code list whose
codes are bare 9- or 12-digit numbers is refused too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.personal import PATTERNS
from pipelines.release.sql import identifier, relation

if TYPE_CHECKING:
    import duckdb

    from pipelines.transform.marts import Mart

# Compared without case and separators: `SoGiayToChuHoSo`, `so_giay_to_chu_ho_so` and `so-giay-to…` are one name.
# The Vietnamese ones are fields of a dossier in the exchange with the National Public Service Portal.
_PERSONAL_COLUMNS = frozenset(
    """
    sogiaytochuhoso chuhoso sogiayto sodinhdanh dinhdanhchs madoituong thongtinkhac sodienthoai dienthoai diachi hoten
    hovaten cccd cmnd ngaysinh trichyeuhoso mahoso xaphuongchuhoso nguoinop nguoiyeucaubosung
    citizenid citizenname nationalid identitynumber idnumber idcard passport passportnumber
    fullname firstname lastname personname applicant applicantname applicantid ownername
    phone phonenumber mobile telephone fax email emailaddress address streetaddress dateofbirth birthdate
    dossiercode dossierid dossierpseudonym applicantpseudonym
    """.split()  # noqa: SIM905
)


def personal_data(conn: duckdb.DuckDBPyConnection, mart: Mart, types: Sequence[str]) -> list[str]:
    """What in a mart looks like personal data: one sentence per finding, empty when there is none.

    `types` are DuckDB's names of the columns' types, in the mart's order. Each distinct text is looked at once, for all
    kinds together; only where one is found the rows are counted by column and kind.
    """
    rows = "count(*)"
    probes: list[tuple[str, str]] = []
    texts = [identifier(column.name) for column, kind in zip(mart.columns, types, strict=True) if kind == "VARCHAR"]
    is_suspect = bool(texts) and _looks_personal(conn, mart, texts)
    for column, kind in zip(mart.columns, types, strict=True):
        if re.sub(r"[^a-z0-9]", "", column.name.lower()) in _PERSONAL_COLUMNS:
            probes.append((rows, f"column {column.name} has the name of personal data ({{}} rows)"))
        elif kind == "VARCHAR" and is_suspect:
            for label, pattern in PATTERNS.items():
                matches = f"count(*) FILTER (regexp_matches({identifier(column.name)}, '{pattern}'))"
                probes.append((matches, f"column {column.name} has {{}} values that look like {label}"))
    if not probes:
        return []
    counts = conn.execute(f"SELECT {', '.join(sql for sql, _ in probes)} FROM {relation(mart.relation)}").fetchone()
    assert counts is not None  # noqa: S101  (an aggregate without GROUP BY has one row)
    return [text.format(n) for (sql, text), n in zip(probes, counts, strict=True) if n or sql is rows]


def _looks_personal(conn: duckdb.DuckDBPyConnection, mart: Mart, texts: Sequence[str]) -> bool:
    """Whether any value of the text columns has the look of personal data."""
    pattern = "|".join(f"(?:{pattern})" for pattern in PATTERNS.values())
    distinct = f"SELECT DISTINCT unnest([{', '.join(texts)}]) AS text FROM {relation(mart.relation)}"
    found = conn.execute(f"SELECT count(*) FROM ({distinct}) WHERE regexp_matches(text, '{pattern}')").fetchone()
    return bool(found and found[0])


MERGED_CODE, MERGED_TITLE = "other", "Các lĩnh vực ít hồ sơ, gộp chung"
"""Values of the merged column, and of the column of its title."""


def source_of(mart: Mart) -> str:
    """Where the rows of a mart are read from for a release, as DuckDB's FROM takes it.

    Small rows of a group (the key but for the merged column) become one, with the smallest of the others as long as
    they stay below the threshold together: sums over the table stay what they were. A group whose sum is small
    is one row.
    """
    merge = mart.disclosure.merge
    if merge is None:
        return relation(mart.relation)
    column, count = identifier(merge.column), identifier(merge.count)
    group = ", ".join(identifier(name) for name in mart.key if name != merge.column)
    types = {field.name: field.type for field in mart.columns}

    def selected(name: str) -> str:
        quoted = identifier(name)
        if name in mart.key:
            return quoted
        if name in merge.sums:
            total = f"sum({quoted} ORDER BY _code)"
            return f"CAST({f'round({total}, 4)' if types[name] == 'double' else total} AS {types[name]}) AS {quoted}"
        if name in merge.rates:
            top, bottom = (f"sum({identifier(part)})" for part in merge.rates[name])
            return f"round(100.0 * {top} / nullif({bottom}, 0), 2) AS {quoted}"
        # a mark, as of made-up data, holds where it holds of one of the rows
        return f"{'bool_or' if types[name] == 'boolean' else 'any_value'}({quoted}) AS {quoted}"

    return f"""(
        WITH ordered AS (
            SELECT *, {column} AS _code, coalesce(sum({count}) OVER (
                PARTITION BY {group} ORDER BY {count}, {column} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0) AS _smaller
            FROM {relation(mart.relation)} WHERE {merge.only}
        ),
        merged AS (
            SELECT * REPLACE (
                if({count} < {merge.below} OR _smaller BETWEEN 1 AND {merge.below - 1}, '{MERGED_CODE}', {column})
                    AS {column},
                if({count} < {merge.below} OR _smaller BETWEEN 1 AND {merge.below - 1}, '{MERGED_TITLE}',
                    {identifier(merge.label)}) AS {identifier(merge.label)}
            )
            FROM ordered
        )
        SELECT {", ".join(selected(field.name) for field in mart.columns)}
        FROM merged GROUP BY {", ".join(identifier(name) for name in mart.key)}
        UNION ALL BY NAME
        SELECT * FROM {relation(mart.relation)} WHERE NOT ({merge.only})
    )"""
