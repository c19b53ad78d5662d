"""The compiled SQL of a model, written for DuckDB, as SQL of Spark. The models stay the one text of SQL.

The list of what is translated is closed: an expression that is not in `KNOWN` raises, as do a cast to an integer and a
sum of what is not an integer, which the engines round and add differently. Where the engines spell or mean a known
expression differently, one rule below writes out DuckDB's meaning. `tests/engine` runs each rule on both engines.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, takewhile
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

Tree = Any
"""An expression of sqlglot; its classes differ between versions in what they are called."""

INTEGERS = {exp.DType.INT, exp.DType.BIGINT}
CASTS = INTEGERS | {exp.DType.DATE, exp.DType.TIMESTAMPNTZ, exp.DType.DOUBLE}

# fmt: off
SYNTAX = frozenset({
    "Add", "Alias", "And", "Array", "Between", "BitwiseAnd", "BitwiseRightShift", "Boolean", "CTE", "Case", "Cast",
    "Column", "Columns", "DataType", "Distinct", "Div", "Dot", "EQ", "Filter", "From", "GT", "GTE", "Group", "Having",
    "Identifier", "If", "IgnoreNulls", "In", "Interval", "Is", "Join", "LT", "LTE", "Lambda", "Literal", "Mul", "NEQ",
    "Neg", "Not", "Null", "Or", "Paren", "Select", "Star", "Sub", "Subquery", "Table", "TableAlias", "Tuple", "Union",
    "Values", "Var", "Where", "With",
})
FUNCTIONS = frozenset({
    "AnyValue", "ArrayFilter", "ArrayMin", "ArrayOverlaps", "Coalesce", "Count", "DateDiff", "Explode", "Greatest",
    "LastDay", "Least", "LogicalOr", "Lower", "Max", "Median", "Min", "Nullif", "RegexpReplace", "Replace", "Round",
    "Sum",
    "TimestampTrunc", "ToDays", "Transform", "Trim",
})
# fmt: on
KNOWN = SYNTAX | FUNCTIONS
UNITS = ("day", "week", "month", "quarter", "year")
BY_NAME = frozenset({"len_of_list", "list_sum", "nfc_normalize", "to_hours", "to_seconds"})
"""Functions that sqlglot has no class for; `nfc_normalize` is one of the session's own (session.py)."""


class NotTranslated(ValueError):
    """A model holds what the list of the translator lacks. The message names the model and the expression."""


def parsed(sql: str) -> Tree:
    """The tree of DuckDB's SQL. `len` is of lists in this project and `length` of texts: sqlglot takes them for one."""
    tokens, given = sqlglot.tokenize(sql, read="duckdb"), sql
    calls = [
        token.start for token in tokens if token.text.lower() == "len" and sql[token.end + 1 : token.end + 2] == "("
    ]
    for start in reversed(calls):
        sql = f"{sql[:start]}len_of_list{sql[start + 3 :]}"
    tree = sqlglot.parse_one(sql, read="duckdb")
    for cut in tree.find_all(exp.TimestampTrunc):  # a column without its table is taken for the name of a unit
        unit = cut.args["unit"]
        if not isinstance(unit, exp.Column) and unit.name.lower() not in UNITS:
            # in parentheses, since sqlglot makes a unit of a bare one again
            cut.set("unit", exp.paren(exp.column(unit.name.lower())))
    for before, after in pairwise(token for token in tokens if token.text != "("):
        if before.text.lower() == "date_trunc" and after.text.lower() in UNITS and given[after.start] != "'":
            raise NotTranslated(f"date_trunc by a column that is called {after.text}, as a unit is")
    return tree


def translated(sql: str, connection: duckdb.DuckDBPyConnection, model: str) -> str:
    """The SQL of a compiled model for the engine, on which the relation `schema.name` is the view `schema__name`.

    Args:
        connection: on the warehouse, in which the relations that the model reads exist, with or without rows.
        model: for the message.

    Raises:
        NotTranslated: the model holds an expression that is not in the list.
    """
    try:
        tree = parsed(sql)
        refuse_unknown(tree)
        connection.execute("create or replace temp macro len_of_list(list) as len(list)")
        refuse_other_than_integers(tree, connection)
        write_out_names(tree, connection)
        write_out_stars(tree, connection)
        write_out_columns(tree, connection)
        for rule in RULES:
            rule(tree)
    except NotTranslated as error:
        raise NotTranslated(f"{model}: {error}") from None
    for node in tree.walk():
        node.comments = None
    return str(tree.sql("spark", unsupported_level=sqlglot.ErrorLevel.RAISE))


def refuse_unknown(tree: Tree) -> None:
    for node in tree.walk():
        kind = type(node).__name__
        if isinstance(node, exp.Anonymous):
            if node.name.lower() not in BY_NAME:
                raise NotTranslated(f"function {node.name} is not in the list of pipelines/engine/translate.py")
        elif kind not in KNOWN:
            raise NotTranslated(f"{kind} is not in the list of pipelines/engine/translate.py")
        if isinstance(node, exp.Cast) and node.to.this not in CASTS:
            raise NotTranslated(
                f"a cast to {node.to.sql('duckdb')} is not in the list of pipelines/engine/translate.py"
            )
        if isinstance(node, exp.RegexpReplace) and "g" not in str(node.args.get("modifiers") or ""):
            raise NotTranslated("regexp_replace without 'g' replaces the first match in DuckDB and every one in Spark")


def refuse_other_than_integers(tree: Tree, connection: duckdb.DuckDBPyConnection) -> None:
    """Casts to integers round in DuckDB and truncate in Spark; sums of doubles depend on the order of rows.

    DuckDB knows the types: its `&` is of integers only, so it does not bind the same text with `& 0` at those places.
    """
    probe = tree.copy()
    for node in list(probe.find_all(exp.Cast, exp.Sum)):
        if isinstance(node, exp.Sum) or node.to.this in INTEGERS:
            node.set("this", exp.BitwiseAnd(this=exp.paren(node.this.copy()), expression=exp.Literal.number(0)))
    try:
        connection.execute(f"describe {probe.sql('duckdb')}")
    except duckdb.BinderException as error:
        raise NotTranslated(
            f"a cast to an integer, or a sum, of what is no integer ({str(error).splitlines()[0][:120]})"
        ) from None


def meaning(text: str, **given: Tree) -> Tree:
    """The expression of the text, in Spark's SQL, with what is given in place of the names."""
    tree = sqlglot.parse_one(text, read="spark")
    for column in list(tree.find_all(exp.Column)):
        if column.name in given and not column.table:
            column.replace(exp.paren(given[column.name].copy()))
    return tree


def _described(tree: Tree, of: Tree, query: Tree, connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Columns of a query within the tree and their types, with the CTEs that stand before the one it is part of."""
    own = of.find_ancestor(exp.CTE)
    before = ", ".join(cte.sql("duckdb") for cte in takewhile(lambda cte: cte is not own, tree.find_all(exp.CTE)))
    head = f"with {before} " if before else ""
    query = query.copy()
    query.set("with_", None)  # its own CTEs are among those
    return {name: kind for name, kind, *_ in connection.execute(f"describe {head}{query.sql('duckdb')}").fetchall()}


def write_out_names(tree: Tree, connection: duckdb.DuckDBPyConnection) -> None:
    """`union by name`: the engine unites by place, so both sides list every column."""
    for union in reversed(list(tree.find_all(exp.Union))):  # the inner ones first
        if not union.args.get("by_name"):
            continue
        sides = (union.left, union.right)
        has = [_described(tree, union, side, connection) for side in sides]
        every = has[1] | has[0]
        order = dict.fromkeys([*has[0], *has[1]])
        for side, own in zip(sides, has, strict=True):
            columns = [exp.column(name) if name in own else _null(name, every[name]) for name in order]
            side.replace(exp.select(*columns).from_(side.copy().subquery("side")))
        union.set("by_name", False)


def _null(name: str, kind: str) -> Tree:
    """A null of the other side's type, for which the engine has no UUID."""
    return exp.alias_(exp.cast(exp.null(), "VARCHAR" if kind == "UUID" else kind, dialect="duckdb"), name)


def write_out_stars(tree: Tree, connection: duckdb.DuckDBPyConnection) -> None:
    """`* exclude (...) replace (...)` as the columns that it means."""
    for star in list(tree.find_all(exp.Star)):
        replaced = {column.alias: column for column in star.args.get("replace") or []}
        if not (replaced or star.args.get("except_") or star.args.get("except")):
            continue
        holder = star.parent if isinstance(star.parent, exp.Column) else star
        select = holder.find_ancestor(exp.Select)
        probe = exp.select(holder.copy())
        for part in ("from", "from_", "joins", "laterals"):
            if (found := select.args.get(part)) is not None:
                probe.set(part, [one.copy() for one in found] if isinstance(found, list) else found.copy())
        table = holder.table if isinstance(holder, exp.Column) else None
        names = _described(tree, select, probe, connection)
        columns = [replaced[name].copy() if name in replaced else exp.column(name, table=table) for name in names]
        at = next(place for place, column in enumerate(select.expressions) if column is holder)
        select.set("expressions", [*select.expressions[:at], *columns, *select.expressions[at + 1 :]])


def write_out_columns(tree: Tree, connection: duckdb.DuckDBPyConnection) -> None:
    """`sum(columns(['a', 'b']))` as `sum(a) as a, sum(b) as b`, in DuckDB's order."""
    for select in list(tree.find_all(exp.Select)):
        projections = [column for column in select.expressions if column.find(exp.Columns)]
        if not projections:
            continue
        names = iter(_described(tree, select, select, connection))
        written = []
        for projection in select.expressions:
            every = list(projection.find_all(exp.Columns))
            if not every:
                written.append(projection.copy())
                next(names)
                continue
            found = every[0]
            if len(every) > 1 or not isinstance(found.this, exp.Array) or isinstance(projection, exp.Alias):
                raise NotTranslated("`columns(...)` takes a list of names, once and without an alias")
            listed = {item.name for item in found.this.expressions}
            for name in [next(names) for _ in listed]:
                if name not in listed:
                    raise NotTranslated(f"`columns(...)` gives the name {name}, which is not in its list")
                one = projection.copy()
                one.find(exp.Columns).replace(exp.column(name))
                written.append(exp.alias_(one, name))
        select.set("expressions", written)


def name_views(tree: Tree) -> None:
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            table.replace(exp.to_table(view_of(table.db, table.name), alias=table.alias or table.name))


def view_of(schema: str, name: str) -> str:
    """The view of the engine's session that stands for a relation of the warehouse."""
    return f"{schema}__{name}"


BY_MEANING = {
    "len_of_list": "size(a)",
    "to_hours": "make_dt_interval(0, a, 0, 0)",
    "to_seconds": "make_dt_interval(0, 0, 0, a)",
    # null where nothing is summed
    "list_sum": "aggregate(filter(a, i -> i is not null), cast(null as bigint), "
    "(total, i) -> coalesce(total, cast(0 as bigint)) + i)",
}


def spell_functions(tree: Tree) -> None:
    while call := next((node for node in tree.find_all(exp.Anonymous) if node.name.lower() in BY_MEANING), None):
        call.replace(meaning(BY_MEANING[call.name.lower()], a=call.expressions[0]))
    for days in list(tree.find_all(exp.ToDays)):
        days.replace(meaning("make_dt_interval(days, 0, 0, 0)", days=days.this))


def times_as_seconds(tree: Tree) -> None:
    """`interval '23:59:59'`. A day and a time of day are a moment: Sail computes it in nanoseconds, up to 2262."""
    for interval in list(tree.find_all(exp.Interval)):
        clock = interval.this.name.split(":") if isinstance(interval.this, exp.Literal) else []
        if len(clock) == 3:
            seconds = int(clock[0]) * 3600 + int(clock[1]) * 60 + int(clock[2])
            if isinstance(interval.parent, exp.Add):
                interval.parent.set("this", exp.cast(interval.parent.this, "timestamp"))
            interval.replace(exp.Interval(this=exp.Literal.string(str(seconds)), unit=exp.var("SECOND")))


def round_as_duckdb(tree: Tree) -> None:
    """DuckDB multiplies and rounds the double; Spark rounds the digits that it would print, and a half falls
    otherwise."""
    for rounded in reversed(list(tree.find_all(exp.Round))):
        if digits := rounded.args.get("decimals"):
            rounded.replace(meaning("round(x * pow(10, digits)) / pow(10, digits)", x=rounded.this, digits=digits))


def overlaps_without_nulls(tree: Tree) -> None:
    """`list_has_any` is false, and not null, where a list holds a null and nothing is in common."""
    for overlap in list(tree.find_all(exp.ArrayOverlaps)):
        text = "if(a is null or b is null, null, size(filter(a, i -> i is not null and array_contains(b, i))) > 0)"
        overlap.replace(meaning(text, a=overlap.this, b=overlap.expression))


def seconds_between(tree: Tree) -> None:
    """`date_diff('second')` counts the boundaries of seconds that lie between, not the seconds that passed."""
    for diff in list(tree.find_all(exp.DateDiff)):
        unit = diff.text("unit").upper()
        if unit == "SECOND":
            text = "unix_seconds(cast(b as timestamp_ltz)) - unix_seconds(cast(a as timestamp_ltz))"
        elif unit == "DAY":
            text = "datediff(cast(b as date), cast(a as date))"
        else:
            raise NotTranslated(f"date_diff in {unit or 'an unknown unit'} is not in the translator's list")
        diff.replace(meaning(text, a=diff.expression, b=diff.this))


def found_in(tree: Tree) -> None:
    """`coalesce(x in (select ...), false)` as a column: Sail takes `in` of a query as a condition only, and Spark 4.1
    fails on `exists` in its place. The rows must be few: they become one list."""
    for node in list(tree.find_all(exp.In)):
        query = node.args.get("query")
        if query is None or node.find_ancestor(exp.Where, exp.Select).key == "where":
            continue
        holder = node.parent
        if not (isinstance(holder, exp.Coalesce) and [e.sql() for e in holder.expressions] == ["FALSE"]):
            raise NotTranslated("`in (select ...)` as a column, without `coalesce(..., false)`, is not in the list")
        rows = query.this.copy()
        if any(rows.args.get(part) for part in ("group", "limit", "with", "with_")) or len(rows.expressions) != 1:
            raise NotTranslated("`in (select ...)` as a column takes a plain select of one column")
        rows.set("expressions", [exp.Anonymous(this="collect_set", expressions=[rows.expressions[0].unalias()])])
        text = "coalesce(array_contains(rows, x), false)"
        holder.replace(meaning(text, rows=rows.subquery(), x=node.this))


def divide_doubles(tree: Tree) -> None:
    """`/` is of doubles in DuckDB, whatever stands beside it; by zero it is null in both."""
    for division in reversed(list(tree.find_all(exp.Div))):
        for side in ("this", "expression"):
            division.set(side, exp.cast(division.args[side], "double", copy=False))


def join_listed_texts(tree: Tree) -> None:
    """`unnest(['a', 'b']) as name` in a select, to whose other columns the name is known: a join with the texts."""
    for listed in list(tree.find_all(exp.Explode)):
        alias, select = listed.parent, listed.find_ancestor(exp.Select)
        items = listed.this.expressions if isinstance(listed.this, exp.Array) else []
        is_plain = isinstance(alias, exp.Alias) and alias.parent is select and not select.args.get("group")
        if not (items and is_plain and all(isinstance(item, exp.Literal) and item.is_string for item in items)):
            raise NotTranslated("`unnest` takes a list of texts, as a column with an alias")
        rows = ", ".join(f"({item.sql('spark')})" for item in items)
        table = f"(select * from values {rows} as listed({alias.alias})) as listed"
        select.join(
            sqlglot.parse_one(f"select 1 from {table}", read="spark").find(exp.From).this, join_type="cross", copy=False
        )
        alias.replace(exp.column(alias.alias, table="listed"))


def truncate_times(tree: Tree) -> None:
    """`date_trunc`: Sail takes no column for the unit, and Spark gives a moment with a time zone."""
    for cut in list(tree.find_all(exp.TimestampTrunc)):
        unit, found = cut.args.get("unit"), cut.copy()
        if not isinstance(unit, exp.Literal | exp.Var):
            found = exp.Case(this=unit.copy())
            for word in UNITS:
                one = cut.copy()
                one.set("unit", exp.Literal.string(word))
                found = found.when(exp.Literal.string(word), one)
        cut.replace(exp.cast(found, "timestamp_ntz"))


def keys_by_place(tree: Tree) -> None:
    """`group by all`: Sail does not know it."""
    for group in list(tree.find_all(exp.Group)):
        if group.args.get("all"):
            keys = [
                exp.Literal.number(place)
                for place, column in enumerate(group.parent.expressions, 1)
                if not column.find(exp.AggFunc) and not isinstance(column.unalias(), exp.Literal)
            ]
            group.replace(exp.Group(expressions=keys))


RULES: tuple[Callable[[Tree], None], ...] = (
    name_views,
    spell_functions,
    times_as_seconds,
    round_as_duckdb,
    overlaps_without_nulls,
    seconds_between,
    found_in,
    divide_doubles,
    join_listed_texts,
    truncate_times,
    keys_by_place,
)
