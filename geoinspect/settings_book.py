"""Settings as an administrator sees them: what holds, why, since when and by whom; set and reset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from geoinspect.errors import ConflictError, Text, UsageError
from geoinspect.records import moment_iso
from geoinspect.setting_values import (
    Kind,
    Source,
    Value,
    bounds_of,
    checked,
    choices_of,
    default_of,
    field_of,
    kind_of,
    named_in_environment,
    named_in_file,
    plain,
    usable,
)
from geoinspect.setting_words import GROUPS, SAID, Effect
from geoinspect.settings import Settings, load_settings
from geoinspect.store import audit, settings_kept
from geoinspect.store.login_schema import SettingRow
from geoinspect.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SettingTold:
    """A setting and how it stands.

    Attributes:
        unit: Sign of its unit; empty for none.
        source: Where the value comes from.
        effect: From when on a change holds.
        changeable: Whether it can be set here and now.
        set_by, set_at: Who set it on the web and when; None where nobody did.
        kept: Whether somebody set it, which counts unless the environment says another.
        version: Changes with every change of it.
    """

    name: str
    group: str
    meaning: Text
    unit: str
    kind: Kind
    choices: tuple[str, ...]
    bounds: dict[str, float]
    value: Value
    default: Value
    source: Source
    effect: Effect
    changeable: bool
    set_by: str | None
    set_at: datetime | None
    kept: bool
    version: str

    def as_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        return {
            "name": self.name,
            "group": self.group,
            "meaning": {"zh": self.meaning.zh, "en": self.meaning.en},
            "unit": self.unit,
            "kind": self.kind.value,
            "choices": list(self.choices),
            "bounds": self.bounds,
            "value": self.value,
            "default": self.default,
            "source": self.source.value,
            "effect": {"zh": self.effect.text.zh, "en": self.effect.text.en},
            "needs_restart": self.effect.fixed,
            "changeable": self.changeable,
            "set_by": self.set_by,
            "set_at": moment_iso(self.set_at),
            "kept": self.kept,
            "version": self.version,
        }


def settings_told(workspace: Workspace, session: Session) -> list[SettingTold]:
    """Return every setting, by group in the order of the groups."""
    kept = settings_kept.rows(session)
    files, outside = named_in_file(workspace.folder), named_in_environment()
    holds = _holding(workspace, session)
    order = list(GROUPS)
    names = sorted(SAID, key=lambda name: order.index(SAID[name].group))
    return [_told(name, holds, kept.get(name), files, outside) for name in names]


def setting_told(workspace: Workspace, session: Session, name: str) -> SettingTold:
    """Return one setting.

    Raises:
        NotFoundError: There is none of this name.
    """
    field_of(name)
    return next(one for one in settings_told(workspace, session) if one.name == name)


def set_setting(
    workspace: Workspace,
    session: Session,
    name: str,
    given: object,
    *,
    actor: str,
    version: str | None,
) -> SettingTold:
    """Set a setting and write who did it in the audit chain.

    Args:
        workspace: Opened; call its ``look_at_settings`` once the session is over.
        session: That writes.
        name: Of the setting.
        given: Its new value.
        actor: Who sets it.
        version: Of what the caller saw; None where they mean whatever is there.

    Raises:
        NotFoundError: There is no such setting.
        UsageError: It can't have this value, or can't be set while the server runs.
        ConflictError: It was changed since, or the environment says it.
    """
    value = checked(name, given)
    before = _changeable(workspace, session, name, version)
    if before.kept and before.value == value:
        return before
    settings_kept.put(session, name, value, actor, datetime.now(UTC))
    details: dict[str, object] = {
        "old": before.value,
        "old_source": before.source.value,
        "new": value,
    }
    audit.record(session, actor=actor, action="setting.set", subject=name, details=details)
    return setting_told(workspace, session, name)


def unset_setting(
    workspace: Workspace, session: Session, name: str, *, actor: str, version: str | None
) -> SettingTold:
    """Take back what was set, so that the file or the default holds again.

    Raises:
        NotFoundError: There is no such setting.
        UsageError: It can't be set while the server runs.
        ConflictError: It was changed since, or the environment says it.
    """
    before = _changeable(workspace, session, name, version)
    if not before.kept:
        return before
    settings_kept.remove(session, name)
    after = setting_told(workspace, session, name)
    details: dict[str, object] = {
        "old": before.value,
        "new": after.value,
        "new_source": after.source.value,
    }
    audit.record(session, actor=actor, action="setting.unset", subject=name, details=details)
    return after


def _changeable(
    workspace: Workspace, session: Session, name: str, version: str | None
) -> SettingTold:
    before = setting_told(workspace, session, name)
    if before.effect.fixed:
        raise UsageError(
            f"设置 {name} {before.effect.text.zh}",
            f"the setting {name} can't be set here. {before.effect.text.en}",
            code="setting_fixed",
        )
    if before.source is Source.ENVIRONMENT:
        raise ConflictError(
            f"设置 {name} 由服务器的环境变量 GEOINSPECT_{name.upper()} 规定,在此修改不起作用:"
            "请在服务器上去掉它",
            f"the setting {name} is said by GEOINSPECT_{name.upper()} in the server's environment, "
            "which wins: take it away there first",
            code="set_outside",
        )
    if version is not None and version != before.version:
        who = before.set_by or "—"
        raise ConflictError(
            f"设置 {name} 刚被“{who}”改过,现在是 {before.value}:请看过后再改",
            f"the setting {name} was just changed by {who!r} and is {before.value} now: look at it "
            "and set it again",
            code="setting_changed",
        )
    return before


def _holding(workspace: Workspace, session: Session) -> Settings:
    """Return the settings that hold with what this session sees."""
    return load_settings(workspace.folder, usable(settings_kept.values(session)))


def _told(
    name: str,
    holds: Settings,
    row: SettingRow | None,
    files: frozenset[str],
    outside: frozenset[str],
) -> SettingTold:
    said, field = SAID[name], field_of(name)
    counts = row is not None and bool(usable({name: row.value}))
    source = Source.FILE if name in files else Source.DEFAULT
    if counts:
        source = Source.WEB
    if name in outside:
        source = Source.ENVIRONMENT
    return SettingTold(
        name=name,
        group=said.group,
        meaning=Text(said.zh, str(field.description)),
        unit=said.unit,
        kind=kind_of(name),
        choices=choices_of(name),
        bounds=bounds_of(name),
        value=plain(name, getattr(holds, name)),
        default=default_of(name),
        source=source,
        effect=said.effect,
        changeable=not said.effect.fixed and source is not Source.ENVIRONMENT,
        set_by=None if row is None else row.set_by,
        set_at=None if row is None else row.set_at,
        kept=row is not None,
        version=settings_kept.version_of(row),
    )
