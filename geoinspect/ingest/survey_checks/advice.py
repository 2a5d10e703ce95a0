"""From figures to words: what a survey is fit for, and what its operator can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from geoinspect.errors import Text
from geoinspect.ingest.survey_checks.exposure import Exposure
from geoinspect.ingest.survey_checks.quality import Gaps, Quality, Seams, Sharpness
from geoinspect.ingest.survey_checks.sharpness import BLURRED_PX
from geoinspect.ingest.survey_checks.stage_advice import (
    STAGE_CODES,
    Advice,
    SurveyStage,
    Weight,
    of_stage,
)
from geoinspect.records import Problem
from geoinspect.survey_records import RasterInfo

_PETALS_CM, _PLANTS_CM, _COARSEST_CM = 3.0, 10.0, 100.0
_CLIPPED, _MUCH_CLIPPED = 0.02, 0.3
_DARK, _MUCH_DARK = 0.15, 0.6
_FLAT_CONTRAST = 0.12
_BLURRED_WINDOWS = 0.25
_SEAMED = 0.05
_HOLES, _FILLED = 0.005, 0.02
# A patch shows once it spans some five pixels each way.
_PATCH_PX = 5.0


def check_json(info: RasterInfo, quality: Quality, stage: SurveyStage | None) -> dict[str, Any]:
    """Return ``quality``, ``fit_for`` and ``advice`` of a survey.

    Args:
        info: What the raster is.
        quality: What was measured.
        stage: Of growth on its day; None when the day is unknown.
    """
    factor = quality.sharpness.detail_factor if quality.sharpness else 1.0
    effective_cm = info.gsd_cm * factor
    advice = [
        *_of_detail(info.gsd_cm, effective_cm),
        *(_of_sharpness(quality.sharpness, info.gsd_cm) if quality.sharpness else ()),
        *(_of_exposure(quality.exposure) if quality.exposure else ()),
        *(_of_seams(quality.seams) if quality.seams else ()),
        *(_of_gaps(quality.gaps) if quality.gaps else ()),
        *_of_bands(info, quality),
    ]
    advice += [_unchecked(problem.code, problem.text) for problem in quality.not_checked]
    checked: dict[str, Any] = {
        "quality": quality.as_json(),
        "fit_for": {
            **info.fit_for,
            "effective_gsd_cm": round(effective_cm, 2),
            "patches_from_m2": round(max(1.0, (_PATCH_PX * effective_cm / 100) ** 2), 2),
        },
        "advice": [one.as_json() for one in advice],
    }
    return with_stage(checked, stage)


def with_stage(checked: Mapping[str, Any], stage: SurveyStage | None) -> dict[str, Any]:
    """Return what :func:`check_json` gave, for another day or for none."""
    others = [one for one in checked["advice"] if not one["code"].startswith(STAGE_CODES)]
    advice = [*others, of_stage(stage).as_json()]
    fit_for = {
        **checked["fit_for"],
        "stage": None if stage is None else stage.stage.value,
        "ready": all(one["weight"] != "stop" for one in advice),
    }
    return {**checked, "fit_for": fit_for, "advice": advice}


def problems_of(checked: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return the advice that its sender should read at once; mere notes are left out."""
    return tuple(
        Problem(one["code"], Text(one["message_zh"], one["message"]))
        for one in checked["advice"]
        if one["weight"] != "note"
    )


def _of_detail(gsd_cm: float, effective_cm: float) -> Iterable[Advice]:
    what = Text("地面分辨率", "ground resolution")
    if effective_cm > _PLANTS_CM:
        least_m2 = (_PATCH_PX * effective_cm / 100) ** 2
        yield Advice(
            "too_coarse",
            "stop" if effective_cm > _COARSEST_CM else "warn",
            what,
            effective_cm,
            "cm",
            Text(
                f"飞低一些:实际分辨率约 {effective_cm:.1f} 厘米,看不出单株,只能看约 {least_m2:.2g} "
                f"平方米以上的地块;看植株需 {_PLANTS_CM:.0f} 厘米以内,看花需 {_PETALS_CM:.0f} 厘米以内",
                f"fly lower: true resolution about {effective_cm:.1f} cm, single plants can't be "
                f"seen, only plots from about {least_m2:.2g} m²; plants need {_PLANTS_CM:.0f} cm or "
                f"finer, petals {_PETALS_CM:.0f} cm",
            ),
        )
    elif gsd_cm > _PETALS_CM:
        yield Advice(
            "fly_lower",
            "warn",
            what,
            gsd_cm,
            "cm",
            Text(
                f"飞低一些:地面分辨率 {gsd_cm:.1f} 厘米,看花需 {_PETALS_CM:.0f} 厘米以内,"
                f"航高约降到现在的 {_PETALS_CM / gsd_cm:.0%}",
                f"fly lower: ground resolution {gsd_cm:.1f} cm, petals need {_PETALS_CM:.0f} cm or "
                f"finer; about {_PETALS_CM / gsd_cm:.0%} of this flight's height",
            ),
        )


def _of_sharpness(sharpness: Sharpness, gsd_cm: float) -> Iterable[Advice]:
    true_cm = gsd_cm * sharpness.detail_factor
    if max(sharpness.copied, sharpness.enlarged) > 1:
        yield _of_enlarging(sharpness, true_cm)
    else:
        yield from _of_blur(sharpness, true_cm)


def _of_enlarging(sharpness: Sharpness, true_cm: float) -> Advice:
    what = Text("放大重采样", "enlarged")
    if sharpness.copied > 1:
        return Advice(
            "enlarged",
            "warn",
            what,
            sharpness.copied,
            "×",
            Text(
                f"像素被复制放大约 {sharpness.copied:.1f} 倍,实际细节只有 {true_cm:.1f} 厘米:"
                "请按原始分辨率重新导出",
                f"pixels were copied about {sharpness.copied:.1f} times, true detail is "
                f"{true_cm:.1f} cm: export again at the original resolution",
            ),
        )
    return Advice(
        "enlarged",
        "warn",
        what,
        sharpness.enlarged,
        "×",
        Text(
            f"影像像是被插值放大过(至少 {sharpness.enlarged:.1f} 倍),实际细节不优于 "
            f"{true_cm:.1f} 厘米:请按原始分辨率重新导出",
            f"the picture seems to have been enlarged (at least {sharpness.enlarged:.1f} "
            f"times), true detail is no better than {true_cm:.1f} cm: export again at the "
            "original resolution",
        ),
    )


def _of_blur(sharpness: Sharpness, true_cm: float) -> Iterable[Advice]:
    blur = sharpness.blur_px
    what = Text("清晰度", "sharpness")
    if blur >= BLURRED_PX:
        yield Advice(
            "blurred",
            "warn",
            what,
            blur,
            "px",
            Text(
                f"模糊约 {blur:.1f} 像素,实际细节约 {true_cm:.1f} 厘米:放慢航速或提高快门速度,"
                "检查对焦;若导出时放大过,请按原始分辨率导出",
                f"blurred by about {blur:.1f} px, true detail about {true_cm:.1f} cm: fly slower or "
                "use a faster shutter, check the focus; if it was enlarged on export, export at "
                "the original resolution",
            ),
        )
    elif sharpness.blurred_share >= _BLURRED_WINDOWS:
        share = sharpness.blurred_share
        yield Advice(
            "partly_blurred",
            "warn",
            what,
            share,
            "share",
            Text(
                f"抽查的 {share:.0%} 处模糊({BLURRED_PX} 像素以上):检查转弯处航速和对焦,"
                "重飞模糊的部分",
                f"{share:.0%} of the sampled windows are blurred ({BLURRED_PX} px or more): check "
                "speed in turns and focus, fly those parts again",
            ),
        )


def _of_exposure(exposure: Exposure) -> Iterable[Advice]:
    colours = [band for band in exposure.bands if band.role in ("red", "green", "blue")]
    used = colours or list(exposure.bands)
    white, black = max(band.white for band in used), max(band.black for band in used)
    dark, contrast = exposure.dark_share, exposure.contrast

    def said(code: str, value: float, much: bool, what: Text, text: Text) -> Advice:
        return Advice(code, "stop" if much else "warn", what, value, "share", text)

    if white >= _CLIPPED:
        yield said(
            "overexposed",
            white,
            white >= _MUCH_CLIPPED,
            Text("曝光过度", "overexposed"),
            Text(
                f"曝光过度 {white:.0%}:降低曝光补偿(约 −0.7 EV)或缩短快门,避开正午反光",
                f"{white:.0%} overexposed: lower the exposure compensation (about −0.7 EV) or "
                "shorten the exposure, avoid glare at noon",
            ),
        )
    if max(dark, black) >= _DARK:
        value = max(dark, black)
        yield said(
            "too_dark",
            value,
            value >= _MUCH_DARK,
            Text("过暗", "too dark"),
            Text(
                f"{value:.0%} 过暗(深阴影或曝光不足),其中看不清植物:太阳较高或阴天光线均匀时飞,"
                "提高曝光补偿",
                f"{value:.0%} too dark (deep shadow or underexposed) to tell plants: fly with a "
                "high sun or under even cloud, raise the exposure compensation",
            ),
        )
    # A picture that is all dark has no contrast either; one piece of advice is enough.
    elif contrast < _FLAT_CONTRAST:
        yield said(
            "low_contrast",
            contrast,
            False,
            Text("反差低", "low contrast"),
            Text(
                f"明暗反差只有满幅的 {contrast:.0%}(雾、镜头污渍或曝光不当):擦净镜头,避开雾霾再飞",
                f"contrast is {contrast:.0%} of the full scale (haze, a dirty lens or wrong "
                "exposure): clean the lens, fly without haze",
            ),
        )
    yield from _of_levels(exposure)


def _of_levels(exposure: Exposure) -> Iterable[Advice]:
    if exposure.few_levels:
        levels = max(band.levels for band in exposure.bands)
        yield Advice(
            "few_levels",
            "note",
            Text("灰阶少", "few levels"),
            float(levels),
            "levels",
            Text(
                f"16 位影像只用了约 {levels} 级灰阶,多半由 8 位转成:导出时请保留原始位深",
                f"a 16-bit picture that uses about {levels} levels, most likely made from 8 bits: "
                "keep the original depth when exporting",
            ),
        )


def _of_seams(seams: Seams) -> Iterable[Advice]:
    if seams.window_share >= _SEAMED:
        yield Advice(
            "seams",
            "warn",
            Text("接缝", "seams"),
            seams.window_share,
            "share",
            Text(
                f"接缝:抽查的 {seams.window_share:.0%} 处有亮度突变(约 {seams.step:.0%}):"
                "拼接时打开匀色/颜色校正,飞行时锁定曝光和白平衡",
                f"seams: {seams.window_share:.0%} of the sampled windows have a step of brightness "
                f"(about {seams.step:.0%}): turn on colour balancing in the mosaic, lock exposure "
                "and white balance in flight",
            ),
        )


def _of_gaps(gaps: Gaps) -> Iterable[Advice]:
    if gaps.hole_share >= _HOLES:
        yield Advice(
            "holes",
            "warn",
            Text("缺口", "holes"),
            gaps.hole_share,
            "share",
            Text(
                f"有效范围内有 {gaps.hole_share:.1%} 的零碎缺口,缺口处不算看过:加大航向和旁向重叠",
                f"{gaps.hole_share:.1%} of small holes within the ground, which count as not seen: "
                "more overlap along and across",
            ),
        )
    if gaps.fill_share >= _FILLED:
        colour = "/".join(f"{v:g}" for v in gaps.fill_colour or ())
        yield Advice(
            "unmarked_fill",
            "warn",
            Text("未标明的填充", "unmarked fill"),
            gaps.fill_share,
            "share",
            Text(
                f"{gaps.fill_share:.0%} 的有效地面是没有纹理的单色({colour}),像是没有标明的空白填充:"
                "导出时请带透明通道或 nodata",
                f"{gaps.fill_share:.0%} of the ground is one plain colour ({colour}), most likely "
                "fill that is not marked: export with alpha or nodata",
            ),
        )


def _of_bands(info: RasterInfo, quality: Quality) -> Iterable[Advice]:
    named = {band.role for band in info.bands}
    what = Text("波段", "bands")
    colours = sum(band.role != "alpha" for band in info.bands)
    if colours < 3:
        text = Text(
            f"只有 {colours} 个颜色波段,检测需要红、绿、蓝:请导出彩色正射影像",
            f"{colours} colour band(s); detection needs red, green and blue: export the "
            "orthomosaic in colour",
        )
        yield Advice("too_few_bands", "stop", what, float(colours), "bands", text)
    elif quality.roles_guessed or not {"red", "green", "blue"} <= named:
        roles = ", ".join(f"{band.index}={band.role}" for band in info.bands)
        text = Text(
            f"文件没有写明各波段的颜色,目前按推测处理({roles}):请核对,检测时可用 --bands 指定",
            f"the file does not name its bands, they were guessed ({roles}): check them, and give "
            "--bands when detecting",
        )
        yield Advice("roles_guessed", "warn", what, None, "", text)


def _unchecked(code: str, text: Text) -> Advice:
    weight: Weight = "stop" if code == "damaged_part" else "note"
    return Advice(code, weight, Text("未能检查", "not checked"), None, "", text)
