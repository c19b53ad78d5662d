"""Suites: what may be written, and the error when something else is."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quality.suites import SuiteError, read_suites

GOOD = """\
table: dossier_timeliness
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: on_time_pct, min_value: 0, max_value: 100}
    severity: block
    why: a share is never outside 0..100
  - type: expect_column_values_to_be_in_set
    kwargs: {column: commune, value_set: [Đức Thọ, Thạch Hà]}
    severity: warn
    why: tên xã phải có trong danh mục
  - type: unexpected_rows_expectation
    kwargs:
      unexpected_rows_query: select * from last_release.dossier_timeliness anti join {batch} b using (month)
    severity: block
    why: no month vanishes
    needs: last_release
"""


def write(folder: Path, text: str, name: str = "dossier_timeliness.yml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_suite_is_read_with_its_reasons_and_stable_ids(tmp_path: Path) -> None:
    suites = read_suites(write(tmp_path, GOOD), {"dossier_timeliness"})
    between, in_set, rows = suites["dossier_timeliness"].expectations
    assert between.id == "expect_column_values_to_be_between:on_time_pct"
    assert between.severity == "block"
    assert in_set.why == "tên xã phải có trong danh mục"
    assert rows.needs == "last_release"
    assert rows.id.startswith("unexpected_rows_expectation:")
    again = read_suites(write(tmp_path, GOOD))["dossier_timeliness"]
    assert [e.id for e in again.expectations] == [between.id, in_set.id, rows.id]


def test_two_checks_of_one_kind_on_one_column_have_different_ids_and_the_first_keeps_its_own(tmp_path: Path) -> None:
    narrow = GOOD + (
        "  - {type: expect_column_values_to_be_between, severity: warn, why: unusual, "
        "kwargs: {column: on_time_pct, min_value: 50}}\n"
    )
    ids = [e.id for e in read_suites(write(tmp_path, narrow))["dossier_timeliness"].expectations]
    assert len(set(ids)) == 4
    assert ids[0] == "expect_column_values_to_be_between:on_time_pct"
    assert ids[3].startswith("expect_column_values_to_be_between:on_time_pct:")


def test_names_typed_in_decomposed_letters_become_those_of_the_warehouse(tmp_path: Path) -> None:
    suites = read_suites(write(tmp_path, unicodedata.normalize("NFD", GOOD)))
    assert suites["dossier_timeliness"].expectations[1].kwargs["value_set"] == ["Đức Thọ", "Thạch Hà"]


@pytest.mark.parametrize(
    ("change", "line", "shown"),
    [
        (("    severity: warn", "    severity: critical"), 9, "'block' or 'warn'"),
        (("    severity: warn\n", ""), 7, "expectations.2.severity: required"),
        (("    why: no month vanishes\n", ""), 11, "expectations.3.why: required"),
        (("no month vanishes", "'  '"), 15, "at least 1 character"),
        (("    needs: last_release", "    need: last_release"), 16, "unknown key; allowed are type, kwargs"),
        (("    needs: last_release", ""), 11, "add `needs: last_release`"),
        (("table: ", "tabel: "), 1, "unknown key; allowed are table, expectations"),
        (("expect_column_values_to_be_in_set", "expect_column_values_in_set"), 7, "expect_column_values_to_be_in_set"),
        (("expect_column_values_to_be_in_set", "expect_column_values_to_match_regex"), 7, "regexp_matches"),
        (("expect_column_values_to_be_in_set", "expect_column_values_to_not_match_like_pattern"), 7, "regexp_matches"),
        (("join {batch} b", "join dossier b"), 11, "must read {batch}"),
        (("join {batch} b", "join {batch} {other}"), 11, "must read {batch}"),
        (("join {batch} b", "join {batch} b}"), 11, "must read {batch}"),
        (("unexpected_rows_query: ", "query: "), 11, "unexpected_rows_query"),
        (("table: dossier_timeliness", "table: dossier_totals"), 1, "dossier_totals.yml"),
        (("    severity: warn", "    severity: warn\n    severity: block"), 10, "severity is written twice"),
        (("    severity: warn", "   severity: warn"), 9, "not usable as YAML"),
        (("kwargs: {column: commune, value_set: [Đức Thọ, Thạch Hà]}", "kwargs: [1]"), 8, "dictionary"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_file_and_line(
    tmp_path: Path, change: tuple[str, str], line: int, shown: str
) -> None:
    assert change[0] in GOOD
    write(tmp_path, GOOD.replace(*change))
    with pytest.raises(SuiteError) as caught:
        read_suites(tmp_path)
    message = str(caught.value)
    assert f"dossier_timeliness.yml, line {line}:" in message
    assert shown in message


@pytest.mark.parametrize("text", ["", "- a\n", "table: dossier_timeliness\nexpectations: []\n", "\x00", "a: b: c"])
def test_files_that_check_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SuiteError, match=r"dossier_timeliness\.yml"):
        read_suites(write(tmp_path, text))


def test_the_same_check_twice_is_refused(tmp_path: Path) -> None:
    first = GOOD.split("  - ")[1]
    with pytest.raises(SuiteError, match=r"line 17: expectations.4: the same check"):
        read_suites(write(tmp_path, GOOD + "  - " + first))


def test_every_bad_file_is_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "copy.yml")
    write(tmp_path, GOOD, "dossier_timeliness.yaml")
    (tmp_path / "legacy.yml").write_bytes("table: Đức Thọ".encode("utf-16"))
    with pytest.raises(SuiteError) as caught:
        read_suites(tmp_path)
    assert [line.split(":")[0].split(",")[0] for line in str(caught.value).splitlines()] == [
        "copy.yml",
        "dossier_timeliness.yaml",
        "legacy.yml",
    ]


def test_a_table_that_is_not_published_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"line 1: .*Published are: dossier_backlog, dossier_totals"):
        read_suites(write(tmp_path, GOOD), {"dossier_totals", "dossier_backlog"})


def test_a_missing_folder_is_an_error_and_an_empty_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("not a suite")
    assert read_suites(tmp_path) == {}
    with pytest.raises(SuiteError, match="no such folder"):
        read_suites(tmp_path / "none")


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=60) | st.text(alphabet="table: expectations-[]{}&*!|>'\"\n#", max_size=60))
def test_any_text_is_a_suite_or_a_named_problem(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "t.yml").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(SuiteError, match=r"t\.yml"):
        read_suites(folder)
