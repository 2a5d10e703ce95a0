"""责任清单: who answers for which ground, and what lies on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.records import CaseState
from geoinspect.casework.licences import licences_told
from geoinspect.casework.realm import Realm
from geoinspect.casework.work_rows import Gathered
from geoinspect.records import Level

Json = dict[str, Any]

_LEVELS = {level.value: rank for rank, level in enumerate(Level)}
_COUNTED = ("open", "overdue", "standing", "sites", "sites_due", "parcels")


def duties_of(session: Session, found: Gathered) -> Json:
    """Return the areas of a realm with their unit and what lies in each, those below counted in.

    Returns:
        ``rows``, ``total``, ``counts``, ``of`` (in the whole county), and ``elsewhere``: the same
        counts of what belongs to the realm but lies in none of its areas.
    """
    realm = found.realm
    counts = _counted(session, found)
    areas = realm.own_areas()
    listed = {row.code for row in areas}
    sums: dict[str, dict[str, int]] = {row.code: dict.fromkeys(_COUNTED, 0) for row in areas}
    elsewhere = dict.fromkeys(_COUNTED, 0)
    for code, what in counts:
        above = [one for one in _way(realm, code) if one in listed]
        for place in above:
            sums[place][what] += 1
        if not above:
            elsewhere[what] += 1
    covered = {} if found.snapshot is None else found.snapshot.sums
    rows: list[Json] = []
    for area in sorted(areas, key=lambda one: (_LEVELS.get(one.level, 9), one.code)):
        seen = covered.get(area.code)
        rows.append(
            {
                "code": area.code,
                "name": area.name,
                "level": area.level,
                "unit_code": realm.answers[area.code],
                "unit": realm.unit_name(realm.answers[area.code]),
                "named": area.unit_code is not None,
                "area_m2": round(area.area_m2, 1),
                "unseen_share": None
                if seen is None or seen.seen_fraction is None
                else round(1 - seen.seen_fraction, 6),
                "link": f"/map?area={area.code}",
                **sums[area.code],
            }
        )
    whole = dict.fromkeys(_COUNTED, 0)
    for _code, what in counts:
        whole[what] += 1
    return {
        "rows": rows,
        "total": len(rows),
        "counts": whole,
        "elsewhere": elsewhere,
        "of": {
            "areas": sum(map(realm.sight.territory.has_area, realm.areas)),
            "open": found.open_everywhere,
            "sites": found.sites_everywhere,
        },
    }


def _counted(session: Session, found: Gathered) -> list[tuple[str | None, str]]:
    """Return the area of everything that is counted, once for each count it is in."""
    told: list[tuple[str | None, str]] = []
    for row, line in found.cases:
        told.append((row.area_code, "open"))
        told += [(row.area_code, "overdue")] if line["overdue"] else []
        told += [(row.area_code, "standing")] if row.state == CaseState.CONFIRMED else []
    for site in found.sites:
        told.append((site["area_code"], "sites"))
        late = site["days"] is not None and site["days"] < 0
        told += [(site["area_code"], "sites_due")] if late else []
    parcels = licences_told(session, found.today, found.realm.sight)
    codes = found.realm.codes_at([tuple(parcel["place"]) for parcel in parcels])
    for parcel, code in zip(parcels, codes, strict=True):
        if parcel["state"] in ("valid", "undated") and found.realm.holds(None, code):
            told.append((code, "parcels"))
    return told


def _way(realm: Realm, code: str | None) -> Iterable[str]:
    """Return an area and those above it."""
    seen: set[str] = set()
    while code is not None and code not in seen and code in realm.areas:
        seen.add(code)
        yield code
        code = realm.areas[code].parent_code
