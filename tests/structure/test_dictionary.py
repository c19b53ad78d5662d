"""The generated documentation matches the code; a failure prints the command that regenerates it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from pipelines.dictionary import COMMAND, DICTIONARY, SETTINGS, render_dictionary, render_settings, with_settings
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.transform.marts import Mart, marts_of

MEND = f"the code has moved on; write it again: {COMMAND}"


@pytest.fixture(scope="module")
def marts(manifest: dict[str, Any]) -> list[Mart]:
    return marts_of(manifest)


def test_the_dictionary_is_that_of_the_manifest(marts: list[Mart]) -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == render_dictionary(marts), MEND


def test_the_page_of_settings_is_up_to_date() -> None:
    page = SETTINGS.read_text(encoding="utf-8")
    assert page == with_settings(page), MEND


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
