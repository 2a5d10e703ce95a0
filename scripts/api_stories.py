"""Stories of ground, cases, files and search: every request with real records."""

from __future__ import annotations

import hashlib

from api_arrange import PIECE, RAW, TUS, Arranger, Ask, trial_form
from api_story import body_of, story
from evidence_builders import picture_at
from shapely import Point
from sqlalchemy import select

from geoinspect.casework.anchors import daily_anchor
from geoinspect.store.case_schema import TargetRow


@story("GET cells")
def _cell(_a: Arranger, _role: str) -> Ask:
    return Ask(query={"lon": 107.91, "lat": 33.962})


@story("GET search")
def _search(_a: Arranger, _role: str) -> Ask:
    return Ask(query={"q": "东"})


@story("GET audit.{form}")
def _audit(a: Arranger, _role: str) -> Ask:
    return Ask({"form": a.dice.choice(["csv", "json"])})


@story("GET audit/anchors/{name}.txt")
def _anchor(a: Arranger, _role: str) -> Ask:
    daily_anchor(a.workspace)
    (path, *_more) = sorted((a.workspace.folder / "anchors").glob("*.txt"))
    return Ask({"name": path.stem})


@story("GET gaps.{kind}")
def _gaps(a: Arranger, _role: str) -> Ask:
    return Ask({"kind": a.dice.choice(["gpx", "kml", "gpkg", "csv"])}, {"area": "990100001"})


@story("GET gaps/{gap_id}")
def _gap(a: Arranger, role: str) -> Ask:
    (first, *_more) = a.county.asked(role, "GET", "gaps").get_json()["features"]
    return Ask({"gap_id": first["properties"]["id"]})


@story("GET shapes/{kind}")
def _shape_rows(a: Arranger, _role: str) -> Ask:
    kinds = ["patches", "tracks", "surveys", "cases", "sites", "photos"]
    return Ask({"kind": a.dice.choice(kinds)})


@story("GET cases/proposal")
def _proposal(a: Arranger, _role: str) -> Ask:
    return Ask(query={"patches": ",".join(map(str, a.patches(1)[:3]))})


@story("GET patches/{patch_id}", "GET patches/{patch_id}/chip.png")
def _patch(a: Arranger, _role: str) -> Ask:
    return Ask({"patch_id": a.dice.choice(a.patches(1))})


@story("GET cases/{case_id}/surveys/{survey_id}")
def _survey_of_case(_a: Arranger, _role: str) -> Ask:
    return Ask({"case_id": 1, "survey_id": 1})


@story("GET checks/{check_id}", "GET checks/{check_id}/cells.{kind}")
def _check(a: Arranger, _role: str) -> Ask:
    check = a.once("check", "", a.check)
    return Ask({"check_id": check["id"], "kind": a.dice.choice(["csv", "gpx"])})


@story("POST checks")
def _draw(a: Arranger, _role: str) -> Ask:
    return Ask(body=body_of("POST checks", seed=f"fuzz {a.fresh()}"))


@story("POST checks/{check_id}/finds")
def _finds(a: Arranger, role: str) -> Ask:
    check = a.once("check", "", a.check)
    body = body_of("POST checks/{check_id}/finds", cell=check["cells"][0]["cell"])
    a.made(role, "POST", f"checks/{check['id']}/finds", json=body)
    return Ask({"check_id": check["id"]}, body=body)


@story("POST checks/{check_id}/adopt")
def _adopt(a: Arranger, role: str) -> Ask:
    return Ask(_finds(a, role).path, body={})


@story("GET plans/{plan_id}", "GET plans/{plan_id}/routes.{kind}", "GET plans/{plan_id}/walked")
def _plan(a: Arranger, _role: str) -> Ask:
    plan = a.once("plan", "", a.plan)
    return Ask({"plan_id": plan, "kind": a.dice.choice(["gpx", "kml"])})


@story("DELETE plans/{plan_id}")
def _no_plan(a: Arranger, _role: str) -> Ask:
    return Ask({"plan_id": a.bare_plan()})


@story("GET receipts/{receipt_id}", "GET receipts/{receipt_id}/questions")
def _receipt(a: Arranger, role: str) -> Ask:
    return Ask({"receipt_id": a.once("receipt", role, lambda: a.asking(role))})


@story("POST receipts/{receipt_id}/answers")
def _answers(a: Arranger, role: str) -> Ask:
    aside = {"set_aside": True, "note": "重复的"}
    body = a.dice.choice([None, aside])
    return Ask({"receipt_id": a.asking(role)}, body=body)


@story("POST files")
def _file(a: Arranger, _role: str) -> Ask:
    return Ask(query={"name": "a.csv", "wait": 0}, body=a.table(), kind=RAW)


@story("POST uploads")
def _upload(_a: Arranger, _role: str) -> Ask:
    headers = {**TUS, "Upload-Length": "3", "Upload-Metadata": "filename YS5ncHg="}
    return Ask(headers=headers, body=b"abc", kind=PIECE)


@story("GET uploads/{upload_id}", "HEAD uploads/{upload_id}", "DELETE uploads/{upload_id}")
def _upload_begun(a: Arranger, role: str) -> Ask:
    return Ask({"upload_id": a.upload(role)}, headers=dict(TUS))


@story("PATCH uploads/{upload_id}")
def _piece(a: Arranger, role: str) -> Ask:
    headers = {**TUS, "Upload-Offset": "0"}
    return Ask({"upload_id": a.upload(role)}, headers=headers, body=b"abc", kind=PIECE)


@story("POST uploads/{upload_id}")
def _piece_by_post(a: Arranger, role: str) -> Ask:
    told = _piece(a, role)
    told.headers["X-HTTP-Method-Override"] = "PATCH"
    return told


@story("POST jobs/{job_id}/cancel")
def _cancel(a: Arranger, role: str) -> Ask:
    return Ask({"job_id": a.job(role)})


@story("POST jobs/{job_id}/retry")
def _retry(a: Arranger, role: str) -> Ask:
    job = a.job(role)
    a.made(role, "POST", f"jobs/{job}/cancel", json={})
    return Ask({"job_id": job})


@story("POST backups/{name}/check")
def _backup_check(a: Arranger, _role: str) -> Ask:
    return Ask({"name": a.once("backup", "", a.backup)})


@story("POST cases")
def _open(a: Arranger, _role: str) -> Ask:
    return Ask(body=body_of("POST cases", **a.place()))


@story("POST cases/sightings")
def _sighting(a: Arranger, _role: str) -> Ask:
    return Ask(body=body_of("POST cases/sightings", **a.place()))


@story("POST cases/from-patches")
def _from_patches(a: Arranger, _role: str) -> Ask:
    chosen = a.dice.sample(a.patches(1), 2)
    return Ask(body=body_of("POST cases/from-patches", patches=chosen))


@story("POST cases/{case_id}/steps")
def _step(a: Arranger, _role: str) -> Ask:
    return Ask({"case_id": a.dice.choice([1, 2])})


@story("POST cases/{case_id}/evidence")
def _evidence(a: Arranger, _role: str) -> Ask:
    if a.dice.randrange(2):
        return Ask({"case_id": 1})
    data = a.once("picture", "", lambda: picture_at(Point(107.91, 33.962)))
    query = {"name": "a.jpg", "kind": "photo", "sha256": hashlib.sha256(data).hexdigest()}
    return Ask({"case_id": 1}, query, body=data, kind=RAW)


@story("POST sites")
def _site(a: Arranger, _role: str) -> Ask:
    return Ask(body=body_of("POST sites", code=f"F-{a.fresh()}", **a.place()))


@story("POST sites/{site_id}/photos")
def _site_photo(a: Arranger, _role: str) -> Ask:
    data = a.once("picture", "", lambda: picture_at(Point(107.91, 33.962)))
    return Ask({"site_id": 1}, {"name": "a.jpg"}, body=data, kind=RAW)


@story("GET sites/{site_id}/photos/{sha256}")
def _photo_shown(a: Arranger, _role: str) -> Ask:
    return Ask(dict(a.county.records["site"]["own"]))


@story("POST target-lists")
def _targets(a: Arranger, _role: str) -> Ask:
    at = a.place()
    row = f"T{a.fresh()},{at['lon']:.6f},{at['lat']:.6f},16,2026-05-01,山坡"
    table = f"编号,经度,纬度,面积(平方米),影像日期,备注\n{row}\n"
    return Ask(query={"name": "清单.csv"}, body=table.encode(), kind=RAW)


@story("POST target-lists/{list_id}/cases")
def _target_cases(a: Arranger, _role: str) -> Ask:
    asked = select(TargetRow.id).where(TargetRow.list_id == 1)
    body = body_of("POST target-lists/{list_id}/cases", targets=a.numbers(asked))
    return Ask({"list_id": 1}, body=body)


@story("GET tips/{tip_id}/photos/{number}.jpg")
def _tip_photo(_a: Arranger, _role: str) -> Ask:
    return Ask({"tip_id": 1, "number": 1})


@story("POST tips/{tip_id}/case", "POST tips/{tip_id}/dismiss")
def _tip(a: Arranger, _role: str) -> Ask:
    return Ask({"tip_id": a.tip()})


@story("POST tips/{tip_id}/link")
def _tip_link(a: Arranger, _role: str) -> Ask:
    return Ask({"tip_id": a.tip()}, body=body_of("POST tips/{tip_id}/link", case="1"))


@story("POST tips/{tip_id}/merge")
def _tip_merge(a: Arranger, _role: str) -> Ask:
    body = body_of("POST tips/{tip_id}/merge", into=str(a.tip()))
    return Ask({"tip_id": a.tip()}, body=body)


@story("POST tips/{tip_id}/reward")
def _tip_reward(a: Arranger, role: str) -> Ask:
    tip = a.tip(reward=True)
    link = body_of("POST tips/{tip_id}/link", case="1")
    a.made(role, "POST", f"tips/{tip}/link", json=link | {"client_id": f"link-{a.fresh()}"})
    return Ask({"tip_id": tip})


@story("POST review/{survey_id}/labels")
def _label(a: Arranger, _role: str) -> Ask:
    patch = a.dice.choice(a.patches(1))
    return Ask({"survey_id": 1}, body=body_of("POST review/{survey_id}/labels", patch=patch))


@story("POST review/{survey_id}/undo")
def _undo(a: Arranger, role: str) -> Ask:
    said = {"patch": a.dice.choice(a.patches(1)), "label": "poppy"}
    a.made(role, "POST", "review/1/labels", json=said)
    return Ask({"survey_id": 1})


@story("POST review/{survey_id}/models")
def _model(a: Arranger, _role: str) -> Ask:
    a.once("model", "2", lambda: a.labelled(2))
    return Ask({"survey_id": 2})


@story("POST review/{survey_id}/models/{model_id}")
def _model_use(a: Arranger, _role: str) -> Ask:
    return Ask({"survey_id": 1, "model_id": a.once("model", "2", lambda: a.labelled(2))})


@story("DELETE review/{survey_id}/models/{model_id}")
def _model_drop(a: Arranger, role: str) -> Ask:
    told = _model_use(a, role)
    a.made(role, "POST", f"review/1/models/{told.path['model_id']}", json={})
    return told


@story("GET review/{survey_id}/labels.{kind}")
def _labels(a: Arranger, _role: str) -> Ask:
    return Ask({"survey_id": 1, "kind": a.dice.choice(["csv", "geojson", "gpkg"])})


@story("POST surveys/{survey_id}/detect")
def _detect(_a: Arranger, _role: str) -> Ask:
    return Ask({"survey_id": 3})


@story("DELETE rates/{rate_id}")
def _no_rate(a: Arranger, role: str) -> Ask:
    made = a.made(role, "POST", "rates", json=body_of("POST rates"))
    return Ask({"rate_id": made.get_json()["rate"]})


@story("POST risk-rules/{factor}")
def _risk(_a: Arranger, _role: str) -> Ask:
    return Ask({"factor": "former"})


@story("DELETE risk-rules/{factor}")
def _no_risk(a: Arranger, role: str) -> Ask:
    body = body_of("POST risk-rules/{factor}")
    a.made(role, "POST", "risk-rules/former", json=body)
    return Ask({"factor": "former"})


@story("POST trials")
def _trial(_a: Arranger, _role: str) -> Ask:
    return Ask(body=trial_form(), kind="multipart/form-data")


@story("POST trials/{trial_id}/adopt")
def _trial_adopted(a: Arranger, _role: str) -> Ask:
    return Ask({"trial_id": a.once("trial", "", a.trial)})
