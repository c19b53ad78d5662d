"""What is compared follows from the descriptions of columns: here those of the product's own tables."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
import yaml

from pipelines.nation.comparison import DIVIDED, NOT_COMPARED, formula_of, measures_of
from pipelines.settings import PROJECT_ROOT
from pipelines.transform.marts import Column, Mart


def _mart(model: dict[str, Any]) -> Mart:
    columns = [
        Column(c["name"], c["data_type"], "", "", c["config"]["meta"].get("unit"), c["description"])
        for c in model["columns"]
    ]
    return Mart(model["name"], "", "", "", "", "", tuple(columns), tuple(model["config"]["meta"]["key"]), ())


FILES = (PROJECT_ROOT / "dbt_project" / "models" / "marts").glob("*/*.yml")
READ = (yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in FILES)
MODELS = chain.from_iterable(read.get("models", ()) for read in READ)
MARTS = {model["name"]: _mart(model) for model in MODELS if "key" in model.get("config", {}).get("meta", {})}


def test_the_tables_that_are_named_exist() -> None:
    assert len(MARTS) > 20
    assert MARTS.keys() >= DIVIDED | NOT_COMPARED


@pytest.mark.parametrize("name", sorted(DIVIDED))
def test_every_share_of_a_table_that_divides_dossiers_states_what_it_is_computed_from(name: str) -> None:
    """A description that is worded otherwise would take its column out of the comparison, and nobody would see it."""
    columns = {column.name: column for column in MARTS[name].columns}
    shares = [column for column in measures_of(MARTS[name]) if column.unit == "%"]
    assert shares
    for column in shares:
        formula = formula_of(column, columns)
        assert formula is not None, f"{name}.{column.name}: begin its description with '100 × a / b', of its columns"
        assert {columns[part].unit for part in (*formula[0], formula[1])} == {"hồ sơ"}


def test_tables_with_places_and_no_row_of_the_province_are_known() -> None:
    """A table by agency and field has no row of the province: its shares are compared as shares of sums, or not."""
    by_field = {name for name, mart in MARTS.items() if "procedure_field_code" in mart.key and measures_of(mart)}
    assert by_field <= DIVIDED | NOT_COMPARED | {"dossier_ageing"}, "dossier_ageing has a median alone"
