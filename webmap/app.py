"""The factory of the web app."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from geoinspect.store.workspace import Workspace
from webmap import office as office_
from webmap.access import use_access
from webmap.account_pages import account_pages
from webmap.admin_pages import admin_pages
from webmap.api import api
from webmap.api_pages import api_pages
from webmap.auth import current_person
from webmap.campaign_pages import campaign_pages
from webmap.case_pages import case_pages
from webmap.day_anchor import use_day_anchor
from webmap.errors import answer_errors
from webmap.field_pages import field_pages, use_offline
from webmap.frame import use_frame
from webmap.import_pages import import_pages
from webmap.job_pages import job_pages
from webmap.language import use_languages
from webmap.login import use_login
from webmap.map_pages import map_pages
from webmap.overview_pages import overview_pages
from webmap.pages import pages
from webmap.review_pages import review_pages
from webmap.script_graph import use_modules
from webmap.search_pages import search_pages
from webmap.security import protect
from webmap.settings_pages import settings_pages
from webmap.shell import make_shell
from webmap.site_pages import site_pages
from webmap.source_pages import source_pages
from webmap.survey_pages import survey_pages
from webmap.tiles.routes import tiles
from webmap.tiles.shape_routes import shape_tiles
from webmap.tip_guard import use_tips
from webmap.tip_pages import tip_pages
from webmap.upload_pages import upload_pages
from webmap.work_pages import work_pages

_STATIC = Path(__file__).parent / "static"
_YEAR_S = 365 * 86400
_FORM_BYTES = 64 << 10


class _NumberConverter(IntegerConverter):
    """Numbers in addresses that the database can hold; any other is no page."""

    # \d would take digits of every script.
    regex = "[0-9]{1,18}"


def create_app(workspace_folder: Path, *, testing: bool = False) -> Flask:
    """Return the web app of a workspace.

    Args:
        workspace_folder: An existing workspace.
        testing: Let errors through to the caller instead of turning them into pages.

    Raises:
        UsageError: There is no workspace in the folder.
    """
    workspace = Workspace.open(workspace_folder)
    build = _build_of(_STATIC)
    # The build is part of the address, so that browsers may keep every file for good.
    app = Flask(__name__, static_folder=str(_STATIC), static_url_path=f"/static/{build}")
    app.url_map.converters["int"] = _NumberConverter
    app.config.update(
        SECRET_KEY=workspace.secret_key(),
        TESTING=testing,
        MAX_CONTENT_LENGTH=_FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=_YEAR_S,
    )
    if workspace.settings.public_host:
        hosts = [workspace.settings.public_host, "localhost", "127.0.0.1"]
        app.config["TRUSTED_HOSTS"] = hosts
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    use_languages(app, workspace)
    use_login(app, workspace)
    use_access(app)
    use_frame(app)
    use_modules(app)
    use_offline(app)
    use_tips(app, workspace)
    protect(app, workspace.settings)
    use_day_anchor(app, workspace)
    answer_errors(app, hide_surprises=not testing)
    for blueprint in (
        pages,
        search_pages,
        review_pages,
        case_pages,
        site_pages,
        source_pages,
        api_pages,
        api,
        tiles,
    ):
        app.register_blueprint(blueprint)
    app.register_blueprint(account_pages)
    app.register_blueprint(admin_pages)
    app.register_blueprint(settings_pages)
    app.register_blueprint(campaign_pages)
    app.register_blueprint(import_pages)
    app.register_blueprint(job_pages)
    app.register_blueprint(survey_pages)
    app.register_blueprint(shape_tiles)
    app.register_blueprint(tip_pages)
    app.register_blueprint(work_pages)
    app.register_blueprint(upload_pages)
    app.register_blueprint(overview_pages)
    app.register_blueprint(map_pages)
    app.register_blueprint(field_pages)
    app.jinja_env.globals.update(person=current_person, simulated=workspace.settings.simulated)
    with app.test_request_context():
        shell = make_shell(lambda name: url_for("static", filename=name))
    office_.install(app.extensions, office_.Office(workspace, shell))
    return app


def _build_of(folder: Path) -> str:
    """Return a short hash of all static files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
