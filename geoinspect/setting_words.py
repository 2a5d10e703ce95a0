"""Settings in words: their group, meaning in Chinese, unit, and what a change changes.

The English meaning is the one in :mod:`geoinspect.settings`.
"""

from __future__ import annotations

from dataclasses import dataclass

from geoinspect.errors import Text


@dataclass(frozen=True, slots=True)
class Effect:
    """From when on a change holds.

    Attributes:
        fixed: It is only read at the start of the server, so it can't be set while it runs.
    """

    key: str
    text: Text
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a setting.

    Attributes:
        unit: Sign of its unit; empty for none.
    """

    group: str
    zh: str
    unit: str
    effect: Effect


AT_ONCE = Effect("at_once", Text("立即生效", "At once."))
FIGURES = Effect(
    "figures",
    Text(
        "立即生效:页面和报表上的数字按新值重新计算;已保存的结论不变",
        "At once: figures on pages and in reports are made anew with it; claims that are kept stay.",
    ),
)
LOOKS = Effect(
    "looks",
    Text(
        "从之后计入的轨迹和航测开始;已计入的不变,需在“行动”页面重新计算覆盖",
        "For tracks and surveys that count from now on; what counts already stays until the coverage "
        "is made anew (page Campaigns).",
    ),
)
FILES = Effect(
    "files",
    Text(
        "从下一个读入的文件开始;已读入的不变",
        "From the next file read on; what was read stays as it is.",
    ),
)
DETECTION = Effect(
    "detection",
    Text("从下一次检测开始;已有图斑不变", "From the next detection on; stored patches stay."),
)
RECORDS = Effect(
    "records",
    Text("从之后的步骤和新记录开始;已有期限不变", "From the next step or new record on."),
)
PASSWORDS = Effect(
    "passwords", Text("从下次登录或设置密码开始", "From the next login or new password on.")
)
JOBS = Effect("jobs", Text("从下一项后台工作开始", "From the next job on."))
RESTART = Effect(
    "restart",
    Text(
        "只在启动时读取:请在服务器上修改 geoinspect.toml 或环境变量,再重新启动",
        "Read at the start only: change geoinspect.toml or the environment on the server, then "
        "start it again.",
    ),
    fixed=True,
)

GROUPS: dict[str, Text] = {
    "search": Text("踏查覆盖与把握", "Coverage and confidence"),
    "tracks": Text("轨迹", "Tracks"),
    "files": Text("文件与上传", "Files and uploads"),
    "detection": Text("图斑检测与核查", "Detection and review"),
    "cases": Text("线索与证据", "Cases and evidence"),
    "sites": Text("重点点位", "Sites"),
    "tips": Text("群众举报", "Tips"),
    "accounts": Text("账号与登录", "Accounts and sign-in"),
    "pages": Text("页面与底图", "Pages and base map"),
    "jobs": Text("后台处理", "Jobs"),
    "backups": Text("备份", "Backups"),
}

# Signs of units that are words.
UNITS = {
    "d": Text("天", "days"),
    "h": Text("小时", "h"),
    "min": Text("分钟", "min"),
    "s": Text("秒", "s"),
    "1/km²": Text("个/km²", "per km²"),
    "Gpx": Text("十亿像素", "gigapixels"),
}

# Values that are names, in words.
CHOICES: dict[str, dict[str, Text]] = {
    "detection_law": {
        "random_search": Text("随机搜索(最保守)", "random search (the most cautious)"),
        "definite_range": Text("定距离", "definite range"),
        "inverse_cube": Text("倒立方", "inverse cube"),
    },
    "password_profile": {
        "dengbao": Text("等保", "MLPS (dengbao)"),
        "asvs": Text("OWASP ASVS 标准", "OWASP ASVS"),
    },
    "language": {"zh_CN": Text("中文", "Chinese"), "en": Text("英文", "English")},
    "basemap_datum": {
        "wgs84": Text("WGS 84", "WGS 84"),
        "gcj02": Text("GCJ-02(火星坐标)", "GCJ-02"),
    },
}

_MB, _DAYS, _MIN, _H = "MB", "d", "min", "h"
SAID: dict[str, Said] = {
    "sweep_width_foot_m": Said("search", "步行踏查时,路线两侧合计能看清的宽度", "m", LOOKS),
    "sweep_width_vehicle_m": Said("search", "乘车踏查时能看清的宽度", "m", LOOKS),
    "sweep_width_boat_m": Said("search", "乘船踏查时能看清的宽度", "m", LOOKS),
    "sweep_width_drone_m": Said("search", "无人机沿航线能看清的宽度", "m", LOOKS),
    "survey_pod": Said("search", "经分析的航测影像的检出率", "", LOOKS),
    "detection_law": Said("search", "检出率随投入增长的规律", "", FIGURES),
    "expire_looks": Said("search", "植株长高后,较早的踏查不再算数", "", FIGURES),
    "altitude_m": Said("search", "没有高程模型时采用的典型海拔", "m", LOOKS),
    "prior_clean": Said("search", "第一次行动开始前,认为无种植的概率", "", FIGURES),
    "introduction": Said("search", "已清查的地块一年内又有人种植的概率", "", FIGURES),
    "design_prevalence": Said("search", "假定有种植的辖区内会有几处图斑", "", FIGURES),
    "claim_patch_m2": Said(
        "search", "结论所针对的最小图斑;看不清这么小的踏查不算数", "m²", FIGURES
    ),
    "claim_target": Said("search", "本单位的无种植概率目标", "", FIGURES),
    "cleared_target": Said("search", "本单位的清查面积占比目标", "", FIGURES),
    "walk_kmh": Said("search", "踏查的步行速度", "km/h", FIGURES),
    "day_hours": Said("search", "一天的外业时间", _H, FIGURES),
    "covered_share": Said("search", "网格内看过的面积占到多少算“已覆盖”", "", FIGURES),
    "cleared_pod": Said("search", "检出率达到多少算“已清查”", "", FIGURES),
    "gap_s": Said("tracks", "超过这么久没有定位点,就不把两点连起来", "s", FILES),
    "same_walk_m": Said("tracks", "两条轨迹始终相距不超过这么远,视为同一次踏查", "m", FILES),
    "outing_gap_s": Said("tracks", "停顿超过这么久,算另一次外出", "s", FILES),
    "drone_fov_deg": Said("tracks", "无人机相机的水平视角(等效 24 毫米)", "°", FILES),
    "speed_limit_foot_mps": Said("tracks", "步行超过这个速度的点视为坏点", "m/s", FILES),
    "speed_limit_vehicle_mps": Said("tracks", "乘车超过这个速度的点视为坏点", "m/s", FILES),
    "speed_limit_boat_mps": Said("tracks", "乘船超过这个速度的点视为坏点", "m/s", FILES),
    "speed_limit_drone_mps": Said("tracks", "无人机超过这个速度的点视为坏点", "m/s", FILES),
    "accuracy_floor_m": Said("tracks", "设备自报精度在此以内的点,不算精度差", "m", FILES),
    "stop_radius_m": Said("tracks", "停留时定位点散开的最大范围", "m", FILES),
    "stop_min_s": Said("tracks", "最短多久算停留", "s", FILES),
    "track_max_mb": Said("files", "接收的最大轨迹文件", _MB, FILES),
    "photo_max_mb": Said("files", "接收的最大照片", _MB, FILES),
    "raster_max_mb": Said("files", "接收的最大影像文件", _MB, FILES),
    "raster_max_gpx": Said("files", "接收的最大影像像素数(十亿)", "Gpx", FILES),
    "upload_waiting_gb": Said("files", "一个人未传完的文件合计上限", "GB", AT_ONCE),
    "upload_waiting_files": Said("files", "一个人未传完的文件个数上限", "", AT_ONCE),
    "upload_keep_days": Said("files", "未传完的上传在最后一次收到数据后保留几天", _DAYS, AT_ONCE),
    "budget_per_km2": Said("detection", "每平方公里最多留几个图斑供核查", "1/km²", DETECTION),
    "patch_min_area_m2": Said("detection", "小于此面积的图斑不保留", "m²", DETECTION),
    "review_people": Said("detection", "一个图斑需要几人意见一致", "", AT_ONCE),
    "case_triage_days": Said("cases", "新线索应在几天内由内勤看过(0 为不限)", _DAYS, RECORDS),
    "case_assign_days": Said("cases", "应在几天内指派(0 为不限)", _DAYS, RECORDS),
    "case_verify_days": Said("cases", "指派后应在几天内现场核实(0 为不限)", _DAYS, RECORDS),
    "case_eradicate_days": Said("cases", "确认后应在几天内铲除(0 为不限)", _DAYS, RECORDS),
    "case_recheck_days": Said("cases", "铲除后应在几天内复查(0 为不限)", _DAYS, RECORDS),
    "case_close_days": Said("cases", "办结应在几天内完成(0 为不限)", _DAYS, RECORDS),
    "case_undo_minutes": Said("cases", "本人可在多久内撤回自己的一步", _MIN, AT_ONCE),
    "case_near_m": Said("cases", "离线索多近的图斑归入该线索", "m", AT_ONCE),
    "evidence_far_m": Said("cases", "离线索超过这么远的证据会被标出", "m", AT_ONCE),
    "evidence_max_mb": Said("cases", "单个证据文件的上限", _MB, FILES),
    "target_tolerance_m": Said("cases", "线索离卫星目标多近算同一处", "m", AT_ONCE),
    "site_interval_days": Said("sites", "新点位默认几天巡查一次", _DAYS, RECORDS),
    "site_radius_m": Said("sites", "新点位默认走到多近算到访", "m", RECORDS),
    "site_dwell_s": Said("sites", "新点位默认停留多久算到访", "s", RECORDS),
    "site_soon_days": Said("sites", "几天内到期的列为“即将到期”", _DAYS, AT_ONCE),
    "former_site_risk": Said("sites", "新建“曾种植点”所在地的风险倍数", "", RECORDS),
    "public_tips": Said("tips", "在 /tip 开放群众举报表单", "", AT_ONCE),
    "tip_photo_max_mb": Said("tips", "举报照片的上限", _MB, AT_ONCE),
    "tip_near_m": Said("tips", "举报与线索相距多近时提示可能为同一处", "m", AT_ONCE),
    "password_profile": Said("accounts", "密码规则:dengbao(等保)或 asvs", "", PASSWORDS),
    "password_max_days": Said("accounts", "等保规则下密码最长使用天数(0 为不限)", _DAYS, PASSWORDS),
    "lock_tries": Said("accounts", "连续输错几次后锁定", "", AT_ONCE),
    "lock_minutes": Said("accounts", "锁定多久", _MIN, AT_ONCE),
    "session_idle_minutes": Said("accounts", "多久不用自动退出", _MIN, AT_ONCE),
    "session_idle_field_minutes": Said("accounts", "外勤人员多久不用自动退出", _MIN, AT_ONCE),
    "session_max_hours": Said("accounts", "一次登录最长多久", _H, AT_ONCE),
    "session_max_field_hours": Said("accounts", "外勤人员一次登录最长多久", _H, AT_ONCE),
    "totp_required_roles": Said(
        "accounts", "必须使用动态口令的角色,如 admin,auditor;空为不要求", "", PASSWORDS
    ),
    "login_keep_days": Said("accounts", "登录记录在结束后保留几天", _DAYS, AT_ONCE),
    "token_max_days": Said("accounts", "网页上新建的令牌最长有效期", _DAYS, AT_ONCE),
    "language": Said("pages", "个人未选择时页面的语言:zh_CN 或 en", "", AT_ONCE),
    "simulated": Said("pages", "在各页标明数据为模拟数据", "", RESTART),
    "public_host": Said("pages", "经代理访问时使用的主机名", "", RESTART),
    "basemap": Said("pages", "底图文件(MBTiles、PMTiles)或 z/x/y 文件夹", "", RESTART),
    "basemap_url": Said("pages", "内网瓦片服务器的地址,由本服务器访问", "", RESTART),
    "basemap_url_zoom": Said("pages", "上述瓦片的最大级别", "", RESTART),
    "basemap_cache_mb": Said("pages", "上述瓦片在磁盘上最多保留多少", _MB, RESTART),
    "basemap_datum": Said("pages", "底图的坐标系;gcj02 会纠正到位", "", RESTART),
    "workers": Said("jobs", "serve 同时处理几项后台工作", "", RESTART),
    "worker_memory_gb": Said("jobs", "一项工作的内存(地址空间)上限", "GB", JOBS),
    "worker_hours": Said("jobs", "一项工作最长时间", _H, JOBS),
    "worker_needs_no_network": Said("jobs", "不能断开网络时拒绝处理", "", RESTART),
    "backup_folder": Said("backups", "服务器存放备份的文件夹,最好在另一块磁盘上", "", RESTART),
    "backup_every_hours": Said("backups", "每隔几小时自动备份(0 为不自动)", _H, AT_ONCE),
    "backup_keep": Said(
        "backups", "新备份完成后保留最近几份(0 为全部);损坏的不算在内", "", AT_ONCE
    ),
}

# Units whose large values nobody reads well, and the unit above them.
_ABOVE = {"s": (60, "min"), "min": (60, "h"), "h": (24, "d"), "MB": (1000, "GB")}


def written(name: str, value: str | float) -> Text:
    """Return a setting's value for people: with its unit, and large ones in the unit above too.

    Args:
        name: Of the setting.
        value: As it is kept; empty text is returned as it is.
    """
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, str):
        return CHOICES.get(name, {}).get(value, Text(value, value))
    unit = SAID[name].unit
    first, larger = _with_unit(value, unit), _in_larger(value, unit)
    if larger is None:
        return first
    return Text(f"{first.zh}({larger.zh})", f"{first.en} ({larger.en})")


def _with_unit(value: float, unit: str) -> Text:
    words = UNITS.get(unit, Text(unit, unit))
    number = f"{value:,.15g}"
    if unit == "°":
        return Text(number + unit, number + unit)
    return Text(f"{number} {words.zh}".strip(), f"{number} {words.en}".strip())


def _in_larger(value: float, unit: str) -> Text | None:
    """Return two of the unit above or more, where they are a round number; None otherwise."""
    found = None
    while unit in _ABOVE:
        each, above = _ABOVE[unit]
        value, unit = value / each, above
        if value < 2 or round(value, 1) != value:
            break
        found = _with_unit(value, unit)
    return found
