"""What is generated of columns and settings is up to date; a failure prints the command that writes it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.dictionary import COMMAND, DICTIONARY, SETTINGS, render_dictionary, render_settings, with_settings
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.transform.columns import SharedColumn, read_columns, with_shared_columns
from pipelines.transform.marts import Mart, marts_of

DBT_PROJECT = PROJECT_ROOT / "dbt_project"

WRITE = f"not up to date; write it: {COMMAND}"


@pytest.fixture(scope="module")
def marts(manifest: dict[str, Any]) -> list[Mart]:
    return marts_of(manifest)


@pytest.mark.parametrize("path", sorted((DBT_PROJECT / "models" / "marts").rglob("*.yml")), ids=lambda path: path.stem)
def test_the_yml_of_a_mart_has_shared_columns_as_the_dictionary_has_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == with_shared_columns(text, path.stem, read_columns(DBT_PROJECT)), WRITE


def test_the_dictionary_of_columns_has_every_column_of_two_marts(manifest: dict[str, Any], marts: list[Mart]) -> None:
    """With the facts that dbt parsed: the yml is written as text, and an entry of another form would be passed over."""
    shared = read_columns(DBT_PROJECT)
    count = Counter(column.name for mart in marts for column in mart.columns)
    assert set(shared) == {name for name, marts_with_it in count.items() if marts_with_it > 1}
    files = {
        node["name"]: Path(node["patch_path"] or "").stem for node in manifest["nodes"].values() if "patch_path" in node
    }
    own = {name: set[str]() for name in shared}
    for mart in marts:
        for column in (column for column in mart.columns if column.name in shared):
            entry = shared[column.name]
            assert (column.type, column.title_vi, column.title_en, column.unit) == (
                entry.data_type,
                entry.title_vi,
                entry.title_en,
                entry.unit,
            ), f"{mart.name}.{column.name}"
            if column.description.strip() != entry.description:
                own[column.name].add(files[mart.name])
    assert own == {name: set(entry.own) for name, entry in shared.items()}, "`own` lists whose description differs"


def test_a_fact_of_a_column_is_edited_once() -> None:
    entry = """      - name: month
        data_type: date
        description: {description}
        config: {{meta: {{title_vi: "Tháng", title_en: "Month"}}}}
        data_tests:
          - not_null
"""
    other = entry.replace("month", "agency_code")
    text = entry.format(description='"Month of receipt."') + other.format(
        description=">\n          Who\n          reports."
    )
    month = SharedColumn("date", "Tháng", "Month", 'First day of the "month".')
    changed = with_shared_columns(text, "digitisation", {"month": month})
    assert changed == text.replace('"Month of receipt."', r'"First day of the \"month\"."')
    assert (
        with_shared_columns(text, "digitisation", {"month": dataclasses.replace(month, own=("digitisation",))}) == text
    )
    code = SharedColumn("varchar", "Mã", "Code", "Agency.", unit="%")
    written = with_shared_columns(text, "digitisation", {"agency_code": code})
    assert written.endswith(
        '      - name: agency_code\n        data_type: varchar\n        description: "Agency."\n'
        '        config: {meta: {title_vi: "Mã", title_en: "Code", unit: "%"}}\n'
        "        data_tests:\n          - not_null\n"
    )


def test_the_dictionary_is_that_of_the_manifest(marts: list[Mart]) -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == render_dictionary(marts), WRITE


def test_the_page_of_settings_is_up_to_date() -> None:
    page = SETTINGS.read_text(encoding="utf-8")
    assert page == with_settings(page), WRITE


def test_a_column_that_changes_shows(marts: list[Mart]) -> None:
    mart, *others = marts
    first, *rest = mart.columns
    changed = dataclasses.replace(mart, columns=(dataclasses.replace(first, description="another | meaning"), *rest))
    page = render_dictionary([changed, *others])
    assert page != render_dictionary(marts)
    assert r"another \| meaning" in page  # a bar would end the cell


def test_every_setting_stands_in_the_table_with_no_path_of_this_machine() -> None:
    table = render_settings()
    assert re.findall(r"^\| `HATINH_(\w+)`", table, re.MULTILINE) == [name.upper() for name in Settings.model_fields]
    assert str(PROJECT_ROOT) not in table


@pytest.mark.parametrize("readme", ["", "<!-- end of settings -->"])
def test_a_readme_without_its_marks_is_not_overwritten(readme: str) -> None:
    with pytest.raises(ValueError, match="put both marks back"):
        with_settings(readme)


def test_every_target_has_a_method_that_names_each_of_its_counts(marts: list[Mart]) -> None:
    for mart in marts:
        method = (PROJECT_ROOT / "docs" / "methods" / f"{mart.target}.md").read_text(encoding="utf-8")
        unnamed = [c.name for c in mart.columns if c.unit and not re.search(rf"\b{c.name}\b", method)]
        assert unnamed == [], f"docs/methods/{mart.target}.md does not say how these are computed"


def test_links_between_documents_lead_somewhere() -> None:
    pages = [PROJECT_ROOT / "README.md", PROJECT_ROOT / "CONTRIBUTING.md", *(PROJECT_ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(PROJECT_ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert dead == []
