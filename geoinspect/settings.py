"""Every number an office may want to change: one table with name, default and meaning.

Values come from ``geoinspect.toml`` in the workspace, then from what was set on the web or by
``geoinspect settings`` (kept in the database), then from ``GEOINSPECT_…`` in the environment, which
wins (docs/decisions/0027). A name that is none of these is refused, lest a typing error be obeyed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from geoinspect.errors import UsageError
from geoinspect.records import Mode
from geoinspect.search_records import DetectionLaw, Method

CONFIG_NAME = "geoinspect.toml"


def _days(days: int, what: str) -> int:
    """Return a deadline of the office's own; no law sets any of them."""
    words = f"Days for {what}; the office's own rule, 0: no deadline."
    days_field: int = Field(days, ge=0, le=3650, description=words)
    return days_field


class Settings(BaseSettings):
    """Settings of one workspace."""

    model_config = SettingsConfigDict(env_prefix="GEOINSPECT_", extra="forbid", frozen=True)
    toml_path: ClassVar[Path | None] = None
    kept: ClassVar[Mapping[str, object]] = {}

    sweep_width_foot_m: float = Field(
        20.0, gt=0, le=1000, description="Ground seen across a walked line."
    )
    sweep_width_vehicle_m: float = Field(
        30.0, gt=0, le=1000, description="Ground seen across a driven line."
    )
    sweep_width_boat_m: float = Field(
        30.0, gt=0, le=1000, description="Ground seen across a line by boat."
    )
    sweep_width_drone_m: float = Field(
        60.0, gt=0, le=1000, description="Ground seen under a flown line."
    )
    survey_pod: float = Field(
        0.85, ge=0, le=1, description="Detection rate credited to analysed drone pictures."
    )
    detection_law: DetectionLaw = Field(
        DetectionLaw.RANDOM_SEARCH,
        description="How detection grows with effort: random_search, inverse_cube, definite_range.",
    )
    expire_looks: bool = Field(True, description="Looks lose their worth as plants grow.")
    altitude_m: float = Field(
        0.0, ge=-500, le=9000, description="Typical altitude where no elevation model is given."
    )
    prior_clean: float = Field(
        0.5, ge=0, le=1, description="P(clean) before any search, in the first campaign."
    )
    introduction: float = Field(
        0.2, ge=0, le=1, description="Chance a year that somebody sows on clean ground."
    )
    design_prevalence: float = Field(
        1.0, gt=0, le=1000, description="Patches that would stand in an area that is not clean."
    )
    claim_patch_m2: float = Field(
        4.0,
        gt=0,
        le=1e6,
        description="Smallest patch, m², that claims cover; coarser looks don't count.",
    )
    claim_target: float = Field(0.95, gt=0, lt=1, description="P(clean) an office aims for.")
    cleared_target: float = Field(
        0.95, gt=0, le=1, description="Share of the ground that an office aims to clear."
    )
    walk_kmh: float = Field(3.0, gt=0, le=50, description="Walking speed of a search.")
    day_hours: float = Field(8.0, gt=0, le=24, description="Hours of a day in the field.")
    covered_share: float = Field(0.5, gt=0, le=1, description="Seen share that makes 'covered'.")
    cleared_pod: float = Field(0.8, gt=0, lt=1, description="POD that makes 'cleared'.")
    gap_s: float = Field(300.0, gt=0, le=86_400, description="Longer without a fix is not bridged.")
    same_walk_m: float = Field(
        10.0, gt=0, le=1000, description="Nearer together at all times is one walk on two devices."
    )
    outing_gap_s: float = Field(
        7200.0, gt=0, le=604_800, description="A longer pause ends an outing."
    )
    drone_fov_deg: float = Field(
        73.7, gt=0, lt=180, description="Width of view of drone cameras (24 mm equivalent)."
    )
    speed_limit_foot_mps: float = Field(
        7.0, gt=0, le=400, description="Faster on foot is a bad fix."
    )
    speed_limit_vehicle_mps: float = Field(
        45.0, gt=0, le=400, description="Faster by vehicle is a bad fix."
    )
    speed_limit_boat_mps: float = Field(
        25.0, gt=0, le=400, description="Faster by boat is a bad fix."
    )
    speed_limit_drone_mps: float = Field(
        40.0, gt=0, le=400, description="Faster by drone is a bad fix."
    )
    accuracy_floor_m: float = Field(
        30.0,
        gt=0,
        le=10_000,
        description="Fixes this accurate by their device are never called poor.",
    )
    stop_radius_m: float = Field(
        10.0, gt=0, le=1000, description="Largest spread of fixes at a stop."
    )
    stop_min_s: float = Field(120.0, gt=0, le=86_400, description="Shortest stop.")
    track_max_mb: float = Field(
        200.0, gt=0, le=100_000, description="Largest track file taken, MB."
    )
    photo_max_mb: float = Field(100.0, gt=0, le=10_000, description="Largest photo taken, MB.")
    raster_max_mb: float = Field(
        20_000.0, gt=0, le=1e6, description="Largest raster file taken, MB."
    )
    raster_max_gpx: float = Field(
        40.0, gt=0, le=10_000, description="Largest raster taken, gigapixels."
    )
    budget_per_km2: float = Field(
        300.0, gt=0, le=1e5, description="Patches kept for review per km²."
    )
    patch_min_area_m2: float = Field(2.0, gt=0, le=1e6, description="Smaller patches are dropped.")
    review_people: int = Field(
        1, ge=1, le=2, description="People who must agree on a patch in the review queue."
    )
    case_triage_days: int = _days(3, "looking at a new case in the office")
    case_assign_days: int = _days(3, "assigning a case that was found worth a visit")
    case_verify_days: int = _days(7, "verifying an assigned case on the ground")
    case_eradicate_days: int = _days(3, "eradicating what was confirmed")
    case_recheck_days: int = _days(15, "rechecking eradicated ground")
    case_close_days: int = _days(15, "closing a case that is done")
    case_undo_minutes: float = Field(
        30.0,
        ge=0,
        le=525_600,
        description="How long a step of a case can be taken back by who did it.",
    )
    case_near_m: float = Field(
        15.0, gt=0, le=1000, description="Patches this near to a case's ground belong to it."
    )
    evidence_far_m: float = Field(
        200.0, gt=0, le=100_000, description="Evidence farther than this from its case is flagged."
    )
    evidence_max_mb: float = Field(
        500.0, gt=0, le=100_000, description="Largest piece of evidence, MB."
    )
    target_tolerance_m: float = Field(
        30.0, gt=0, le=5000, description="A case this near to a satellite target is its match."
    )
    site_interval_days: int = Field(30, ge=1, le=3650, description="Days between visits to a site.")
    site_radius_m: float = Field(50.0, gt=0, le=5000, description="How near a visit comes.")
    site_dwell_s: float = Field(120.0, ge=0, le=86_400, description="How long a visit stays.")
    site_soon_days: int = Field(
        7, ge=0, le=3650, description="Visits due within these days are 'due soon'."
    )
    former_site_risk: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Multiplier of the prior risk on the ground of new sites of former growing "
        "places, on top of the rule for zones of kind former; 1 leaves it at that rule.",
    )
    public_tips: bool = Field(False, description="Offer the public tip form at /tip.")
    tip_photo_max_mb: float = Field(15.0, gt=0, le=1000, description="Largest photo of a tip, MB.")
    tip_near_m: float = Field(
        100.0, gt=0, le=10_000, description="Tips and cases this near are suggested as the same."
    )
    basemap: str = Field(
        "", description="MBTiles or PMTiles file or z/x/y folder; empty: plain ground."
    )
    language: str = Field("zh_CN", description="Language of pages before a person chooses.")
    simulated: bool = Field(False, description="Show everywhere that the data is simulated.")
    public_host: str = Field("", description="Host name people use, where a proxy is in front.")
    password_profile: Literal["dengbao", "asvs"] = Field(
        "dengbao",
        description="Rules of passwords: dengbao (8 signs of 3 kinds, changed regularly) or asvs "
        "(12 signs, no kinds, never changed without a reason).",
    )
    password_max_days: int = Field(
        90, ge=0, le=3650, description="Days a password may be used with dengbao; 0: for good."
    )
    lock_tries: int = Field(
        5, ge=1, le=100, description="Wrong passwords in a row before a name is locked."
    )
    lock_minutes: int = Field(30, ge=1, le=1440, description="How long a name is locked.")
    session_idle_minutes: int = Field(
        30, ge=1, le=10080, description="A session unused this long is over."
    )
    session_idle_field_minutes: int = Field(
        720,
        ge=1,
        le=43200,
        description="A session of role field unused this long is over; they work without a signal.",
    )
    session_max_hours: int = Field(12, ge=1, le=720, description="Longest life of a session.")
    session_max_field_hours: int = Field(
        168, ge=1, le=2160, description="Longest life of a session of role field: a week of work."
    )
    totp_required_roles: str = Field(
        "", description="Roles that must use a second factor, as admin,auditor; empty: none."
    )
    login_keep_days: int = Field(
        180, ge=180, le=3650, description="Days that sessions are kept on record once they ended."
    )
    token_max_days: int = Field(
        365, ge=1, le=3650, description="Longest life of an API token made on the web."
    )
    upload_waiting_gb: float = Field(
        60.0,
        gt=0,
        le=1e5,
        description="Most that one person's unfinished uploads may announce, GB.",
    )
    upload_waiting_files: int = Field(
        2000, ge=1, le=1_000_000, description="Most unfinished uploads of one person."
    )
    upload_keep_days: float = Field(
        7.0,
        gt=0,
        le=3650,
        description="Days after its last bytes until an unfinished upload is removed.",
    )

    workers: int = Field(
        2, ge=0, le=64, description="Jobs that `serve` works on at once in the background."
    )
    worker_memory_gb: float = Field(
        6.0, ge=1, le=1024, description="Most memory (address space) of one job, GB."
    )
    worker_hours: float = Field(
        6.0, gt=0, le=240, description="Longest time of one job, by the clock, hours."
    )
    worker_needs_no_network: bool = Field(
        False, description="Refuse to work where jobs can't be cut off from the network."
    )

    basemap_url: str = Field(
        "",
        description="Tiles of a server in the office's network, as "
        "http://host/{z}/{x}/{y}.png; our server asks it, never a browser.",
    )
    basemap_url_zoom: int = Field(18, ge=0, le=22, description="Deepest zoom of basemap_url.")
    basemap_cache_mb: float = Field(
        500.0, ge=0, le=1e7, description="Most that is kept of basemap_url on disk, MB."
    )
    basemap_datum: Literal["wgs84", "gcj02"] = Field(
        "wgs84", description="Datum of the base map; gcj02 (Chinese web maps) is moved into place."
    )

    backup_folder: str = Field(
        "",
        description="Folder, best on another disk, that the server makes backups in; empty: none.",
    )
    backup_every_hours: int = Field(
        0, ge=0, le=8760, description="Hours between backups made by themselves; 0: none are."
    )
    backup_keep: int = Field(
        0,
        ge=0,
        le=1000,
        description="Newest backups kept in the folder once a new one is made; 0: all. A backup "
        "found damaged doesn't count, and the newest good one is never removed.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, the environment, what is kept in the database, then the TOML file."""
        kept = InitSettingsSource(settings_cls, init_kwargs=dict(cls.kept))
        sources = [init_settings, env_settings, kept]
        if cls.toml_path is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, cls.toml_path))
        return tuple(sources)

    def sweep_width_m(self, mode: Mode) -> float:
        """Return the full effective sweep width for a mode, metres."""
        return float(getattr(self, f"sweep_width_{mode.value}_m"))

    def search_base(self) -> dict[Method, float]:
        """Return what the settings say of sweep widths (metres) and rates, by method."""
        widths = {Method(mode.value): self.sweep_width_m(mode) for mode in Mode}
        return {**widths, Method.SURVEY: self.survey_pod}

    def speed_limit_mps(self, mode: Mode) -> float:
        """Return the speed beyond which a fix is not believed, metres a second."""
        return float(getattr(self, f"speed_limit_{mode.value}_mps"))


def load_settings(folder: Path | None = None, kept: Mapping[str, object] | None = None) -> Settings:
    """Return the settings of a workspace folder, or the defaults without one.

    Args:
        folder: Whose ``geoinspect.toml`` is read.
        kept: What was set on the web, checked; it beats the file and yields to the environment.

    Raises:
        UsageError: ``geoinspect.toml`` is not TOML, or a setting there or in the environment
            has a value it can't have.
    """
    path = folder / CONFIG_NAME if folder is not None else None

    class _WorkspaceSettings(Settings):
        toml_path = path

    _WorkspaceSettings.kept = kept or {}

    try:
        return _WorkspaceSettings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name, got = ".".join(map(str, wrong["loc"])), wrong["input"]
        raise UsageError(
            f"设置 {name} 的值 {got!r} 不可用:请看 docs/guide/settings.md",
            f"the setting {name} can't be {got!r} ({wrong['msg']}): see docs/guide/settings.md",
            code="bad_setting",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} 不是可用的 TOML(UTF-8)文件:{error}",
            f"{path} is not usable TOML in UTF-8: {error}",
            code="bad_toml",
        ) from error
