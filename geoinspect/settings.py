"""Every number an office may want to change: one table with name, default and meaning.

Values come from ``geoinspect.toml`` in the workspace, then from ``GEOINSPECT_…`` in the
environment, which wins. A name that is none of these is refused, lest a typing error be obeyed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
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

    sweep_width_foot_m: float = Field(20.0, gt=0, description="Ground seen across a walked line.")
    sweep_width_vehicle_m: float = Field(30.0, gt=0, description="… across a driven line.")
    sweep_width_boat_m: float = Field(30.0, gt=0, description="… across a line by boat.")
    sweep_width_drone_m: float = Field(60.0, gt=0, description="… under a flown line.")
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
        1.0, gt=0, description="Patches that would stand in an area that is not clean."
    )
    claim_patch_m2: float = Field(
        4.0, gt=0, description="Smallest patch, m², that claims cover; coarser looks don't count."
    )
    claim_target: float = Field(0.95, gt=0, lt=1, description="P(clean) an office aims for.")
    walk_kmh: float = Field(3.0, gt=0, le=50, description="Walking speed of a search.")
    day_hours: float = Field(8.0, gt=0, le=24, description="Hours of a day in the field.")
    covered_share: float = Field(0.5, gt=0, le=1, description="Seen share that makes 'covered'.")
    cleared_pod: float = Field(0.8, gt=0, lt=1, description="POD that makes 'cleared'.")
    gap_s: float = Field(300.0, gt=0, description="Longer without a fix is not bridged.")
    same_walk_m: float = Field(
        10.0, gt=0, description="Nearer together at all times is one walk on two devices."
    )
    outing_gap_s: float = Field(7200.0, gt=0, description="A longer pause ends an outing.")
    drone_fov_deg: float = Field(
        73.7, gt=0, lt=180, description="Width of view of drone cameras (24 mm equivalent)."
    )
    speed_limit_foot_mps: float = Field(7.0, gt=0, description="Faster on foot is a bad fix.")
    speed_limit_vehicle_mps: float = Field(45.0, gt=0, description="Faster by vehicle is one.")
    speed_limit_boat_mps: float = Field(25.0, gt=0, description="Faster by boat is one.")
    speed_limit_drone_mps: float = Field(40.0, gt=0, description="Faster by drone is one.")
    accuracy_floor_m: float = Field(
        30.0, gt=0, description="Fixes this accurate by their device are never called poor."
    )
    stop_radius_m: float = Field(10.0, gt=0, description="Largest spread of fixes at a stop.")
    stop_min_s: float = Field(120.0, gt=0, description="Shortest stop.")
    track_max_mb: float = Field(200.0, gt=0, description="Largest track file taken, MB.")
    photo_max_mb: float = Field(100.0, gt=0, description="Largest photo taken, MB.")
    raster_max_mb: float = Field(20_000.0, gt=0, description="Largest raster file taken, MB.")
    raster_max_gpx: float = Field(40.0, gt=0, description="Largest raster taken, gigapixels.")
    budget_per_km2: float = Field(300.0, gt=0, description="Patches kept for review per km².")
    patch_min_area_m2: float = Field(2.0, gt=0, description="Smaller patches are dropped.")
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
        30.0, ge=0, description="How long a step of a case can be taken back by who did it."
    )
    case_near_m: float = Field(
        15.0, gt=0, le=1000, description="Patches this near to a case's ground belong to it."
    )
    evidence_far_m: float = Field(
        200.0, gt=0, description="Evidence farther than this from its case is flagged."
    )
    evidence_max_mb: float = Field(500.0, gt=0, description="Largest piece of evidence, MB.")
    target_tolerance_m: float = Field(
        30.0, gt=0, le=5000, description="A case this near to a satellite target is its match."
    )
    site_interval_days: int = Field(30, ge=1, description="Days between visits to a site.")
    site_radius_m: float = Field(50.0, gt=0, le=5000, description="How near a visit comes.")
    site_dwell_s: float = Field(120.0, ge=0, description="How long a visit stays.")
    site_soon_days: int = Field(7, ge=0, description="Visits due within these days are 'due soon'.")
    former_site_risk: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Multiplier of the prior risk on the ground of new sites of former growing "
        "places, on top of the rule for zones of kind former; 1 leaves it at that rule.",
    )
    public_tips: bool = Field(False, description="Offer the public tip form at /tip.")
    tip_photo_max_mb: float = Field(15.0, gt=0, description="Largest photo of a tip, MB.")
    tip_near_m: float = Field(
        100.0, gt=0, description="Tips and cases this near are suggested as the same."
    )
    basemap: str = Field("", description="MBTiles file or z/x/y folder; empty: plain ground.")
    language: str = Field("zh_CN", description="Language of pages before a person chooses.")
    simulated: bool = Field(False, description="Show everywhere that the data is simulated.")
    public_host: str = Field("", description="Host name people use, where a proxy is in front.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the workspace's TOML file."""
        sources = [init_settings, env_settings]
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


def load_settings(folder: Path | None = None) -> Settings:
    """Return the settings of a workspace folder, or the defaults without one.

    Raises:
        UsageError: ``geoinspect.toml`` is not TOML, or a setting there or in the environment
            has a value it can't have.
    """
    path = folder / CONFIG_NAME if folder is not None else None

    class _WorkspaceSettings(Settings):
        toml_path = path

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
