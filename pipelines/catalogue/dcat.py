"""The catalogue in DCAT-AP 3 as JSON-LD: what a portal of open data harvests.

The context is inline: nothing has to be fetched to read it. Addresses of files are relative to the catalogue, or begin
with the address of the publication where that is set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from pipelines.catalogue.tables import Table, span, tables
from pipelines.release.files import PACKAGE
from pipelines.release.released import Release

Json = dict[str, Any]

_AUTHORITY = "http://publications.europa.eu/resource/authority/"
CONTEXT: Json = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": "@id",
    "type": "@type",
}
_LANGUAGES = [{"id": f"{_AUTHORITY}language/{code}", "type": "dct:LinguisticSystem"} for code in ("VIE", "ENG")]
_THEMES = {"id": f"{_AUTHORITY}data-theme", "type": "skos:ConceptScheme", "dct:title": "Data theme"}
_THEME = {
    "id": f"{_AUTHORITY}data-theme/GOVE",
    "type": "skos:Concept",
    "skos:prefLabel": {"@value": "Government and public sector", "@language": "en"},
}
_STRUCTURE = {"id": "structure.sdmx.xml", "type": "dct:Standard"}


def draw(release: Release, province: str) -> bytes:
    """`catalog.jsonld` of one edition."""
    package = release.package
    base = {"@base": f"{package['homepage']}releases/{release.id}/"} if "homepage" in package else {}
    publisher = _publisher(package)
    catalog = {
        "@context": {**CONTEXT, **base},
        "id": "catalog.jsonld",
        "type": "dcat:Catalog",
        "dct:title": _texts(package["title"], f"Statistics of digital transformation, {province}"),
        "dct:description": _texts(
            f"{package['title']}: các bảng của một bản công bố.", "The tables of one release, with their files."
        ),
        "dct:identifier": release.id,
        "dct:publisher": publisher,
        "dct:issued": _typed(package["created"], "dateTime"),
        "dct:modified": _typed(package["created"], "dateTime"),
        "dct:language": _LANGUAGES,
        "dct:spatial": _place(province),
        "dcat:themeTaxonomy": _THEMES,
        "dcat:dataset": [_dataset(release, table, province, publisher) for table in tables(release)],
    }
    return (json.dumps(catalog, ensure_ascii=False, indent=1) + "\n").encode()


def _dataset(release: Release, table: Table, province: str, publisher: Json) -> Json:
    resource, package = table.resource, release.package
    contact = next((c for c in package["contributors"] if c.get("email")), None)
    period = span(release, table)
    described: Json = {
        "id": f"#{table.name}",
        "type": "dcat:Dataset",
        "dct:title": _texts(resource["title"], resource["title_en"]),
        "dct:description": _text(resource["description"], "en"),
        "dct:identifier": f"{release.id}/{table.name}",
        "dct:publisher": publisher,
        "dct:modified": _typed(package["created"], "dateTime"),
        "dct:language": _LANGUAGES,
        "dct:spatial": _place(province),
        "dcat:theme": _THEME,
        "dcat:keyword": [_text(resource["target"].replace("_", " "), "en")],
        "dcat:version": release.id,
        "dct:bibliographicCitation": package["citation"],
        "dcat:landingPage": {"id": f"catalogue.html#{table.name}", "type": "foaf:Document"},
        "dcat:distribution": [_distribution(table, file) for file in table.files],
    }
    if package.get("edition") == "open":
        described["dct:accessRights"] = {"id": f"{_AUTHORITY}access-right/PUBLIC", "type": "dct:RightsStatement"}
    if period:
        described["dct:temporal"] = {
            "type": "dct:PeriodOfTime",
            "dcat:startDate": _typed(period[0], "date"),
            "dcat:endDate": _typed(period[1], "date"),
        }
    if contact:
        described["dcat:contactPoint"] = {
            "type": "vcard:Organization",
            "vcard:fn": contact["title"],
            "vcard:hasEmail": {"id": f"mailto:{contact['email']}"},
        }
    if sources := [source["title"] for source in resource["sources"] if source.get("files", True)]:
        described["dct:provenance"] = {
            "type": "dct:ProvenanceStatement",
            "rdfs:label": _text(f"Computed from {', '.join(sources)}.", "en"),
        }
    return described


def _distribution(table: Table, file: Mapping[str, Any]) -> Json:
    licences = [known for known in file["licenses"] if "path" in known]
    only = licences[0] if len(licences) == len(file["licenses"]) == 1 else None
    terms = [_text(known.get("title", known["name"]), None) for known in file["licenses"]]
    conforms = [{"id": PACKAGE, "type": "dct:Standard"}]
    if table.name == "indicator_values":
        conforms.append(_STRUCTURE)
    return {
        "id": f"#{file['name']}-{file['format']}",
        "type": "dcat:Distribution",
        "dct:title": _text(f"{table.resource['title_en']} ({file['format']})", "en"),
        "dcat:accessURL": {"id": file["path"], "type": "rdfs:Resource"},
        "dcat:downloadURL": {"id": file["path"], "type": "rdfs:Resource"},
        "dcat:mediaType": {
            "id": f"https://www.iana.org/assignments/media-types/{file['mediatype']}",
            "type": "dct:MediaType",
        },
        "dcat:byteSize": _typed(file["bytes"], "nonNegativeInteger"),
        "spdx:checksum": {
            "type": "spdx:Checksum",
            "spdx:algorithm": {"id": "spdx:checksumAlgorithm_sha256", "type": "spdx:ChecksumAlgorithm"},
            "spdx:checksumValue": _typed(file["hash"].removeprefix("sha256:"), "hexBinary"),
        },
        "dct:conformsTo": conforms,
        **({"dct:license": {"id": only["path"], "type": "dct:LicenseDocument"}} if only else {}),
        "dct:rights": [{"type": "dct:RightsStatement", "rdfs:label": term} for term in terms],
    }


def _publisher(package: Mapping[str, Any]) -> Json:
    first = package["contributors"][0]
    return {"id": "#publisher", "type": "foaf:Agent", "foaf:name": _text(first["title"], "vi")}


def _place(province: str) -> Json:
    return {"id": "#province", "type": "dct:Location", "rdfs:label": _text(f"Tỉnh {province}, Việt Nam", "vi")}


def _texts(vietnamese: str, english: str) -> list[Json]:
    return [_text(vietnamese, "vi"), _text(english, "en")]


def _text(text: str, language: str | None) -> Json:
    return {"@value": text, **({"@language": language} if language else {})}


def _typed(value: str | int | date, kind: str) -> Json:
    return {"@value": str(value), "@type": f"xsd:{kind}"}
