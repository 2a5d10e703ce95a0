"""The pages about accounts: one's own, its password, and for administrators people and units."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from geoinspect.accounts.passwords import profile_of, rules_in_words
from geoinspect.errors import GeoInspectError
from geoinspect.store import people
from webmap import errors
from webmap.account_words import account_words, level_names, people_words, role_names
from webmap.api.accounts import change_own_password
from webmap.auth import current_person, home_of
from webmap.language import in_words, language
from webmap.office import office
from webmap.scope_people import people_scope

account_pages = Blueprint("account_pages", __name__)


@account_pages.get("/account")
def account_page() -> str:
    """Show one's own account; its data comes from the API."""
    words = {"language": language(), **account_words()}
    return render_template("account.html", page={"words": words})


@account_pages.route("/account/password", methods=["GET", "POST"])
def password_page() -> AnyResponse:
    """Show the form for a new password, and take it."""
    if request.method != "POST":
        return _password_form("", 200)
    present, new, again = (
        request.form.get(name, "") for name in ("present_password", "new_password", "again")
    )
    if new != again:
        return _password_form(_("The two new passwords differ. Type them again."), 400)
    try:
        change_own_password(present, new)
    except GeoInspectError as error:
        return _password_form(in_words(error.text), errors.status_of(error))
    return redirect(home_of(current_person().role))


@account_pages.get("/people")
def people_page() -> str:
    """Show people; the data comes from the API."""
    with office().workspace.database.reading() as reading:
        scoped = people_scope(reading)
        units = [(row.code, row.name) for row in scoped.units()]
        whole = scoped.territory.whole
    person = current_person()
    page = {
        "words": {"language": language(), **people_words()},
        "units": units,
        "whole": whole,
        "roles": people.ROLES,
        "me": person.id,
        "may_change": person.role == "admin",
    }
    return render_template("people.html", page=page, roles=role_names())


@account_pages.get("/units")
def units_page() -> str:
    """Show units and areas; the data comes from the API."""
    with office().workspace.database.reading() as reading:
        whole = people_scope(reading).territory.whole
    page = {
        "words": {"language": language(), **people_words()},
        "may_change": current_person().role == "admin",
        "may_import": current_person().role == "admin" and whole,
    }
    return render_template("units.html", page=page, levels=level_names())


def _password_form(message: str, status: int) -> Response:
    page = render_template(
        "password.html",
        message=message,
        must=current_person().must == "password",
        rules=in_words(rules_in_words(profile_of(office().workspace.settings))),
    )
    return Response(page, status=status, mimetype="text/html")
