"""Why a check holds a target back or warns, and how to fix it, in Vietnamese and English, by kind of check.

The detail of the evidence names files, counts and columns; these words say what kind of thing went wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.language import current
from pipelines.quality.verdict import Evidence


@dataclass(frozen=True)
class Cause:
    """What a failed check means and what to do. `{source}` stands for the name after the colon of the check."""

    reason_vi: str
    reason_en: str
    remedy_vi: str
    remedy_en: str

    @property
    def reason(self) -> str:
        """In the current language."""
        return self.reason_vi if current() == "vi" else self.reason_en

    @property
    def remedy(self) -> str:
        """In the current language."""
        return self.remedy_vi if current() == "vi" else self.remedy_en


_BY_PREFIX = {
    "quarantine": Cause(
        "quá nhiều dòng của nguồn {source} bị cách ly",
        "too many rows of source {source} are in quarantine",
        "hatinh quarantine {source}; xin lại tệp đúng, thu hồi tệp sai bằng hatinh withdraw",
        "hatinh quarantine {source}; ask for a correct file, withdraw the wrong one with hatinh withdraw",
    ),
    "whole_files": Cause(
        "tệp của nguồn {source} bị cắt hoặc chưa đọc hết",
        "a file of source {source} is truncated or was not read to its end",
        "nạp lại tệp đầy đủ với cùng tên, hoặc thu hồi bằng hatinh withdraw",
        "drop the complete file again under the same name, or withdraw it with hatinh withdraw",
    ),
    "refused": Cause(
        "tệp của nguồn {source} bị từ chối",
        "a file of source {source} was refused",
        "hatinh files {source}; thu hồi tệp đó và nạp tệp đúng",
        "hatinh files {source}; withdraw the file and drop the right one",
    ),
    "unread": Cause(
        "tệp của nguồn {source} có cột chưa đọc",
        "files of source {source} have columns that are not read",
        "thêm tiêu đề cột vào danh mục operator_headings nếu cần",
        "add the heading to the registry operator_headings where it matters",
    ),
    "replaced": Cause(
        "các tệp đang dùng của nguồn {source} không cho dòng nào, tệp trước đã bị thay",
        "the active files of source {source} give no row, and the files before them are superseded",
        "thu hồi các tệp bị từ chối và nạp tệp đúng",
        "withdraw the refused files and drop the right ones",
    ),
    "registry": Cause(
        "danh mục {source} có lỗi",
        "registry {source} has faults",
        "hatinh doctor nêu từng dòng và ô cần sửa",
        "hatinh doctor names each line and cell",
    ),
    "build": Cause(
        "không tính được bảng {source}",
        "table {source} could not be built",
        "xem nhật ký của lần chạy; chạy lại sau khi sửa mô hình",
        "see the log of the run; run again once the model is fixed",
    ),
}
_BY_KIND = {
    "dbt_test": Cause(
        "một kiểm tra của bảng không đạt",
        "a test of the table failed",
        "xem chi tiết của kiểm tra, sửa số liệu hoặc danh mục nguồn",
        "see the detail of the test, correct the data or the registry that it comes from",
    ),
    "expectation": Cause(
        "số liệu nằm ngoài mức hợp lý",
        "figures are outside the plausible range",
        "xem chi tiết của kiểm tra; thu hồi tệp sai, hoặc sửa expectations/ nếu số liệu đúng",
        "see the detail of the check; withdraw the wrong file, or correct expectations/ if the figures are right",
    ),
    "missing": Cause(
        "có kiểm tra chưa được chạy",
        "a check was not evaluated",
        "chạy lại: hatinh run; nếu vẫn thiếu, hatinh doctor",
        "run again: hatinh run; if it is still missing, hatinh doctor",
    ),
}


def cause_of(evidence: Evidence) -> Cause:
    """The words for a failed check."""
    prefix, _, name = evidence.check.partition(":")
    found = None if evidence.kind == "missing" else _BY_PREFIX.get(prefix)
    found = found or _BY_KIND.get(evidence.kind) or _BY_KIND["missing"]
    texts = (found.reason_vi, found.reason_en, found.remedy_vi, found.remedy_en)
    return Cause(*(text.format(source=name or evidence.table) for text in texts))
