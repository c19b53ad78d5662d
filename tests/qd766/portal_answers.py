"""Answers as the portal gives them, made by hand from figures that it published for Hà Tĩnh."""

from __future__ import annotations

from typing import Any

HA_TINH = {
    "stt": 1,
    "departmentId": "019d2be3-6a87-7317-8557-a2fade51b5ae",
    "departmentName": "UBND tỉnh Hà Tĩnh",
    "departmentType": "PROVINCE",
    "departmentLevel": "PROVINCE",
    "agencyLevel": "level_1",
    "scoreDelta": None,
}


def metric(
    code: str, numerator: int | None, denominator: int | None, score: float | None, most: int, **more: Any
) -> dict[str, Any]:
    ratio = None if numerator is None or not denominator else round(100 * numerator / denominator, 2)
    return {
        "code": code,
        "name": code.title(),
        "numerator": numerator,
        "denominator": denominator,
        "ratio": ratio,
        "score": score,
        "maxScore": most,
        **more,
    }


def unit(*metrics: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Hà Tĩnh with these metrics, its totals added up."""
    total = round(sum(m["score"] or 0 for m in metrics), 2)
    most = sum(m["maxScore"] for m in metrics)
    totals = {"totalScore": total, "totalMaxScore": most, "ratio": round(100 * total / most, 2)}
    return {**HA_TINH, **totals, "metrics": list(metrics), **more}


def listed(*units: dict[str, Any]) -> dict[str, Any]:
    """The metric shape: the first unit above, the others below it."""
    page = {"total": len(units) - 1, "currentPage": 1, "pageSize": 200, "totalPages": 1}
    return {"overview": units[0], "evaluation": list(units[1:]), "pagination": page, "source": "made by hand"}


# Figures that the portal published for Hà Tĩnh, year 2026, on 10 October 2026.
TRANSPARENCY = (
    metric("PUBLISH_ON_TIME", 0, 73, 0, 6),
    metric("PUBLIC_UPDATE_ON_TIME", 15, 79, 0.76, 4),
    metric("PUBLIC_CONTENT_FULL", 76, 76, 2, 2),
    metric("DOSSIER_SYNC", 173935, 173935, 6, 6, dataQualityStatus="TEMP_NATIONAL_REPORT_DENOMINATOR"),
)
DIGITISED = (
    metric("ORIGINAL_RESULT_AVAILABLE", 133233, 204147, 3.92, 6),
    metric("SO_HOA_GIAY_TO_GIAI_QUYET", 59407, 204147, 1.16, 4),
    metric("REUSED_DIGITIZED_DATA", 39101, 204147, 0.48, 2),
    metric("SYNCED_WITH_DVCQG_PERSONAL_STORAGE", 809, 204147, 0.02, 4),
    metric("CITIZEN_DATA_CONNECTED_DOSSIER", 83440, 204147, 0.82, 2),
    metric("CITIZEN_DATA_CONNECTED_FORMALITY", 261, 1331, 0.39, 2),
    metric("ELECTRONIC_CERTIFIED_COPY", None, None, 2, 2) | {"ratio": 100},
)
SATISFACTION = (
    metric("PETITION_CLASSIFICATION_TTHC", 93, 116, None, 0),
    metric("DOSSIER_RECEIVING_SATISFACTION", 168156, 204147, 5.49, 6),
    metric("PETITION_PROCESSING_ON_TIME", 29, 116, 1.5, 6),
    metric("PETITION_HANDLING_SATISFACTION", 25, 116, 1.29, 6),
    metric("PETITION_CLASSIFICATION_STAFF", 21, 116, None, 0),
)
GROUPS = {"CKMB": 8.76, "TDGQ": 16.48, "CLGQ": 8.69, "TTTT": 6.2, "MDSH": 8.79, "MDHL": 8.28}
PLACE = {key: HA_TINH[key] for key in ("departmentId", "departmentName")} | {"departmentCode": "H27"}


def progress(**changes: Any) -> dict[str, Any]:
    parent = {
        **PLACE,
        "totalReceived": 204147,
        "totalOnTime": 168229,
        "totalCompleted": 170000,
        "avgProcessingDays": 6.01,
        "ratio": 82.41,
        "totalScore": 16.48,
        "totalMaxScore": 20,
    }
    return {"parent": parent | changes, "children": [], "monthlyChart": []}


def payment(**changes: Any) -> dict[str, Any]:
    """The portal's numerator of part c is not in the public record for Hà Tĩnh: 35 is the whole number that fits."""
    parent = {
        **PLACE,
        "totalMaxScore": 10,
        "totalScore": 6.2,
        "totalDossierOnlinePaymentSuccess": 96068,
        "totalDossierFinancialObligation": 110621,
        "totalDossierOnlineFormalityPaymentSuccess": 98,
        "totalFeeDossierFormalityDistinct": 334,
        "totalFeeDossierFormality": 35,
        "totalFeeFormality": 334,
        "ratio": 62,
    }
    return {"parent": parent | changes, "children": []}


def results(*units: dict[str, Any], **overview: Any) -> dict[str, Any]:
    """The list of provinces; `units` are changes of Hà Tĩnh's row."""
    row = {**PLACE, "totalScore": 57.2, "ratio": 57.2, "scoreDelta": 9.72, "groupScores": GROUPS}
    most = {"CKMB": 18, "TDGQ": 20, "ONLINE_SERVICE": 22, "MDSH": 22, "MDHL": 18}
    online = round(GROUPS["CLGQ"] + GROUPS["TTTT"], 2)
    radar = [{"code": c, "name": c, "score": GROUPS.get(c, online), "maxScore": most[c], "ratio": 50.0} for c in most]
    top = {"departmentName": "Cả nước", "departmentCode": None, "totalScore": 57.2, "totalMaxScore": 100, "ratio": 57.2}
    return {
        "overview": top | overview,
        "growthPercent": 30.37,
        "radar": radar,
        "donuts": {},
        "evaluation": [row | changes for changes in (units or ({},))],
        "monthlyChart": [],
        "dossierChart": [],
    }
