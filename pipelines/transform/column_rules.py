"""The rules of single columns, `not_null` and `accepted_values`: one dbt test per model has all of them.

The test `column_rules` of `dbt_project/tests/generic` gives one row, in which each rule has the count of its failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEST = "column_rules"
RULES = ("not_null", "accepted_values")


def columns_by_rule(arguments: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """By its name in that row, the rule and the column of each, from the arguments of the test."""
    return {f"{rule}_{column}": (rule, column) for rule in RULES for column in arguments.get(rule) or ()}


def rules_of(test: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The same of a test of the manifest; empty when it is another test."""
    kind = test.get("test_metadata") or {}
    return columns_by_rule(kind["kwargs"]) if kind.get("name") == TEST else {}
