"""A field person's day: their unit's work, the nearest first, and a way that others can check."""

from __future__ import annotations

import itertools
import math
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from case_builders import ADMIN, AUDITOR, FIELD, NOON, OTHER_FIELD, county, opened, place
from work_builders import FIRST_DAY, assigned, confirmed, do, eradicated, rechecked

from geoinspect.cases.records import Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.casework.today import today_gpx, today_of_person
from geoinspect.errors import UsageError
from geoinspect.store.workspace import Workspace

GPX = "{http://www.topografix.com/GPX/1/1}"
# What GPX 1.1 says of waypoints and routes, in its order and with its bounds.
VALID = xmlschema.XMLSchema("""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="http://www.topografix.com/GPX/1/1"
 targetNamespace="http://www.topografix.com/GPX/1/1" elementFormDefault="qualified">
 <xs:simpleType name="lat"><xs:restriction base="xs:decimal"><xs:minInclusive value="-90.0"/>
  <xs:maxInclusive value="90.0"/></xs:restriction></xs:simpleType>
 <xs:simpleType name="lon"><xs:restriction base="xs:decimal"><xs:minInclusive value="-180.0"/>
  <xs:maxExclusive value="180.0"/></xs:restriction></xs:simpleType>
 <xs:complexType name="wptType"><xs:sequence>
  <xs:element name="ele" type="xs:decimal" minOccurs="0"/><xs:element name="time" type="xs:dateTime" minOccurs="0"/>
  <xs:element name="name" type="xs:string" minOccurs="0"/><xs:element name="cmt" type="xs:string" minOccurs="0"/>
  <xs:element name="desc" type="xs:string" minOccurs="0"/><xs:element name="src" type="xs:string" minOccurs="0"/>
  <xs:element name="sym" type="xs:string" minOccurs="0"/><xs:element name="type" type="xs:string" minOccurs="0"/>
  </xs:sequence><xs:attribute name="lat" type="g:lat" use="required"/>
  <xs:attribute name="lon" type="g:lon" use="required"/></xs:complexType>
 <xs:complexType name="rteType"><xs:sequence>
  <xs:element name="name" type="xs:string" minOccurs="0"/><xs:element name="cmt" type="xs:string" minOccurs="0"/>
  <xs:element name="desc" type="xs:string" minOccurs="0"/><xs:element name="src" type="xs:string" minOccurs="0"/>
  <xs:element name="number" type="xs:nonNegativeInteger" minOccurs="0"/>
  <xs:element name="type" type="xs:string" minOccurs="0"/>
  <xs:element name="rtept" type="g:wptType" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
 <xs:element name="gpx"><xs:complexType><xs:sequence>
  <xs:element name="wpt" type="g:wptType" minOccurs="0" maxOccurs="unbounded"/>
  <xs:element name="rte" type="g:rteType" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="version" type="xs:string" use="required" fixed="1.1"/>
  <xs:attribute name="creator" type="xs:string" use="required"/></xs:complexType></xs:element>
</xs:schema>""")
START = (108.05, 33.05)


@pytest.fixture
def workspace(tmp_path: Path):
    with county(tmp_path / "w") as opened_:
        yield opened_


def day(workspace: Workspace, actor: Actor = FIELD, **more: object) -> dict:
    with workspace.database.reading() as session:
        return today_of_person(workspace, session, actor, FIRST_DAY, **{"place": START, **more})


def sphere_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance on a sphere: within 0.6 % of the ellipsoid's."""
    (lon1, lat1), (lon2, lat2) = [map(math.radians, place_) for place_ in (a, b)]
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(h))


def test_the_day_holds_what_the_unit_does_on_the_ground(workspace: Workspace) -> None:
    wanted = {
        assigned(workspace, east=0.1): "verify",
        confirmed(workspace, east=0.3): "eradicate",
        eradicated(workspace, east=0.7): "recheck",
    }
    opened(workspace, east=0.9)
    rechecked(workspace, east=0.95)
    assigned(workspace, town=1)
    told = day(workspace)
    assert {card["id"]: card["task"] for card in told["cards"]} == wanted
    assert told["counts"]["cases"] == 3
    other = day(workspace, OTHER_FIELD)["cards"]
    assert [card["area"] for card in other] == ["第2乡"]
    assert len(day(workspace, ADMIN)["cards"]) == 4


def test_cards_come_by_distance_with_a_bearing(workspace: Workspace) -> None:
    for east in (0.9, 0.2, 0.45, 0.6):
        assigned(workspace, east=east)
    cards = day(workspace)["cards"]
    metres = [card["distance_m"] for card in cards]
    assert metres == sorted(metres)
    for card in cards:
        assert card["distance_m"] == pytest.approx(sphere_m(START, tuple(card["place"])), rel=6e-3)
        due = 90.0 if card["place"][0] > START[0] else 270.0
        assert card["bearing_deg"] == pytest.approx(due, abs=0.1)


def test_the_way_is_the_shortest_through_the_nearest(workspace: Workspace) -> None:
    places = {}
    for n, east in enumerate((0.1, 0.9, 0.3, 0.75, 0.55, 0.62)):
        new = NewSite(f"Z{n}", f"部位{n}", place(0, east=east, north=(n * 37 % 10) / 10 + 0.05))
        places[add_site(workspace, new, ADMIN, now=NOON)] = new.ground
    told = day(workspace, stops=5)
    nearest = {card["key"]: tuple(card["place"]) for card in told["cards"][:5]}
    assert set(told["route"]["order"]) == set(nearest)

    def way(keys: tuple[str, ...]) -> float:
        stops = [START, *(nearest[key] for key in keys)]
        return sum(sphere_m(a, b) for a, b in itertools.pairwise(stops))

    best = min(itertools.permutations(nearest), key=way)
    assert way(tuple(told["route"]["order"])) == pytest.approx(way(best), rel=1e-2)
    assert told["route"]["length_m"] == pytest.approx(way(best), rel=1e-2)
    assert told["route"]["stops"] == 5
    assert len(told["cards"]) == 6


def test_sites_are_of_the_day_when_they_are_due(workspace: Workspace) -> None:
    soon = NewSite("A", "将到期", place(0), interval_days=60, starts=FIRST_DAY)
    late = NewSite(
        "B", "逾期", place(0, east=0.6), interval_days=5, starts=FIRST_DAY - timedelta(days=9)
    )
    later = NewSite("C", "未开始", place(0), starts=FIRST_DAY + timedelta(days=3))
    for new in (soon, late, later):
        add_site(workspace, NewSite(**{**asdict(new), "checklist": ("门锁?",)}), ADMIN, now=NOON)
    cards = {card["name"]: card for card in day(workspace)["cards"]}
    assert set(cards) == {"A", "B"}
    assert cards["B"]["overdue_days"] == 4
    assert cards["A"]["overdue_days"] == 0
    assert cards["A"]["checklist"] == ["门锁?"]


def asdict(new: NewSite) -> dict:
    return {name: getattr(new, name) for name in new.__dataclass_fields__}


def test_a_finder_may_verify_without_an_errand_and_an_auditor_only_looks(
    workspace: Workspace,
) -> None:
    seen = opened(workspace, origin=Origin.SIGHTING)
    assert day(workspace)["cards"] == []
    assert [(c["id"], c["task"]) for c in day(workspace, ADMIN)["cards"]] == [(seen, "verify")]
    assigned(workspace, east=0.2)
    moves = {move["action"] for move in day(workspace)["cards"][0]["moves"]}
    assert "verify" in moves
    assert "dismiss" not in moves
    assert all(card["moves"] == [] for card in day(workspace, AUDITOR)["cards"])


def test_without_a_place_the_day_starts_amid_the_units_ground(workspace: Workspace) -> None:
    assigned(workspace)
    told = day(workspace, place=None)
    assert told["start_from"] == "area"
    assert 108.0 < told["start"][0] < 108.1
    assert 33.0 < told["start"][1] < 33.1


def test_an_empty_day_has_no_way(workspace: Workspace) -> None:
    told = day(workspace)
    assert told["cards"] == []
    assert told["route"] == {"order": [], "length_m": 0.0, "stops": 0}
    VALID.validate(today_gpx(told))


@pytest.mark.parametrize("place_", [(181.0, 0.0), (0.0, -90.5), (math.nan, 0.0)])
def test_a_place_that_is_none_is_refused(workspace: Workspace, place_: tuple[float, float]) -> None:
    with pytest.raises(UsageError):
        day(workspace, place=place_)


@pytest.mark.parametrize("stops", [0, 31])
def test_a_number_of_stops_that_cannot_be_is_refused(workspace: Workspace, stops: int) -> None:
    with pytest.raises(UsageError):
        day(workspace, stops=stops)


def test_the_gpx_leads_through_the_stops_in_their_order(workspace: Workspace) -> None:
    for n, east in enumerate((0.8, 0.3, 0.6)):
        new = NewSite(f"Z{n}", f"<部位 & {n}>", place(0, east=east))
        add_site(workspace, new, ADMIN, now=NOON)
    case_id = confirmed(workspace, east=0.1)
    do(workspace, case_id, "note", note="x", minute=9)
    told = day(workspace)
    text = today_gpx(told)
    VALID.validate(text)
    root = ET.fromstring(text)
    names = [node.findtext(f"{GPX}name") or "" for node in root.findall(f"{GPX}wpt")]
    by_key = {card["key"]: card for card in told["cards"]}
    assert [name.split()[-1] for name in names] == [
        by_key[key]["name"] for key in told["route"]["order"]
    ]
    assert [name[:2] for name in names] == ["01", "02", "03", "04"]
    points = [(p.get("lon"), p.get("lat")) for p in root.iter(f"{GPX}rtept")]
    stops = [(p.get("lon"), p.get("lat")) for p in root.findall(f"{GPX}wpt")]
    assert points == [("108.0500000", "33.0500000"), *stops]
    told_words = [node.findtext(f"{GPX}desc") or "" for node in root.findall(f"{GPX}wpt")]
    assert any("铲除 eradicate" in words and "期限 by" in words for words in told_words)
    assert any("<部位 & 1>" in words for words in told_words)
