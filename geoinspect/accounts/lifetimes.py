"""How long a session lives, and whether one is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from geoinspect.accounts.passwords import Profile, profile_of
from geoinspect.settings import Settings
from geoinspect.store.login_schema import LoginRow
from geoinspect.store.schema import UserRow

# Clocks are set right by seconds; more than this is a clock that was wrong.
_CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives without use, and at most."""

    idle: timedelta
    most: timedelta


def lifetime_of(role: str, settings: Settings) -> Lifetime:
    """Return how long sessions of a role live.

    Field people are out for a day and more without a connection, and a phone has a lock of its
    own; desks stand in rooms where others walk by.
    """
    if role == "field":
        return Lifetime(
            timedelta(minutes=settings.session_idle_field_minutes),
            timedelta(hours=settings.session_max_field_hours),
        )
    return Lifetime(
        timedelta(minutes=settings.session_idle_minutes),
        timedelta(hours=settings.session_max_hours),
    )


def why_over(
    login: LoginRow, lifetime: Lifetime, *, seen_at: datetime, now: datetime
) -> str | None:
    """Return why a session is over: as it was ended, ``idle`` or ``too_old``; None while it lives.

    Args:
        login: The session.
        lifetime: Of its person's role.
        seen_at: When it was last used, as far as anybody knows.
        now: By the server's clock. Where that was set back behind the last use, nobody knows how
            old the session is, so it is over.
    """
    if login.ended_at is not None:
        return login.ended_why or "revoked"
    if now - login.created_at > lifetime.most or now < seen_at - _CLOCK_SLACK:
        return "too_old"
    return "idle" if now - seen_at > lifetime.idle else None


def password_is_due(user: UserRow, settings: Settings, now: datetime) -> bool:
    """Return whether a person must choose a new password before anything else."""
    profile: Profile = profile_of(settings)
    if user.must_change:
        return True
    if profile.max_days is None:
        return False
    set_at = user.password_set_at or user.created_at
    return now - set_at > timedelta(days=profile.max_days)


def needs_second_factor(user: UserRow, settings: Settings) -> bool:
    """Return whether a person's role asks for a second factor that they have not set up."""
    wanted = {role.strip() for role in settings.totp_required_roles.split(",")}
    return user.role in wanted and user.totp_secret is None
