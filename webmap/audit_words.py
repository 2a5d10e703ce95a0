"""Rows of the audit chain in words: what was done, and where the record it was done to is shown."""

from __future__ import annotations

import json
import re

from geoinspect.cases.records import ACTION_WORDS, CaseAction
from geoinspect.errors import Text

_ACTIONS: dict[str, Text] = {
    "area.unit": Text("指定辖区责任单位", "unit of an area set"),
    "areas.add": Text("导入辖区", "areas imported"),
    "audit.export": Text("导出操作记录", "audit rows saved"),
    "backup.check": Text("核对备份", "backup compared"),
    "backup.make": Text("制作备份", "backup made"),
    "backup.remove": Text("删除旧备份", "old backup removed"),
    "backup.restore": Text("从备份恢复", "restored from a backup"),
    "campaign.add": Text("建立行动", "campaign made"),
    "campaign.close": Text("结束行动", "campaign closed"),
    "campaign.sweep": Text("重新计算覆盖", "coverage reckoned anew"),
    "case.export": Text("导出卷宗", "dossier saved"),
    "case.unlink": Text("取消关联", "link taken back"),
    "check.draw": Text("抽取复核样本", "cross-check drawn"),
    "check.enter": Text("录入复核结果", "cross-check entered"),
    "claim.add": Text("保存结论", "claim kept"),
    "footprints.add": Text("导入影像范围", "footprints imported"),
    "job.add": Text("提交后台工作", "job asked for"),
    "job.cancel": Text("取消后台工作", "job stopped"),
    "job.retry": Text("重试后台工作", "job tried again"),
    "landmarks.add": Text("导入地物", "landmarks imported"),
    "login": Text("登录", "signed in"),
    "login.failed": Text("登录失败", "sign-in failed"),
    "logout": Text("退出", "signed out"),
    "patches.relicense": Text("按许可重判图斑", "patches judged by licences"),
    "photo.add": Text("接收照片", "photo taken in"),
    "plan.add": Text("制定踏查计划", "plan made"),
    "plan.drop": Text("删除踏查计划", "plan removed"),
    "rate.drop": Text("删除检出率", "rate removed"),
    "rate.set": Text("录入检出率", "rate entered"),
    "review.import": Text("导入核查结果", "review imported"),
    "review.label": Text("核查图斑", "patch reviewed"),
    "review.model": Text("学习排序", "ranking learned"),
    "review.model.drop": Text("停用排序", "ranking put out of use"),
    "review.model.use": Text("启用排序", "ranking put to use"),
    "risk.edit": Text("调整风险", "risk changed"),
    "risk.edit.drop": Text("撤销风险调整", "change of risk taken back"),
    "risk.rule": Text("设定风险规则", "risk rule set"),
    "risk.season": Text("计算季节风险", "risk of the season"),
    "setting.set": Text("更改设置", "setting changed"),
    "setting.unset": Text("恢复设置", "setting taken back"),
    "site.add": Text("登记点位", "site added"),
    "site.answer": Text("登记到访", "visit entered"),
    "site.change": Text("修改点位", "site changed"),
    "site.former": Text("由线索建立点位", "site of a former growing place"),
    "site.recount": Text("重新计算到访", "visits counted anew"),
    "site.retire": Text("停用点位", "site retired"),
    "survey.add": Text("接收航测影像", "survey taken in"),
    "survey.compare": Text("比较两次航测", "surveys compared"),
    "survey.day": Text("更正航测日期", "day of a survey set"),
    "survey.detect": Text("检测图斑", "searched for patches"),
    "survey.rate": Text("设定航测检出率", "rate of a survey set"),
    "survey.sensitivity": Text("测定航测检出率", "rate of a survey measured"),
    "targets.import": Text("导入卫星目标", "targets imported"),
    "terrain.add": Text("导入高程", "elevation imported"),
    "tip.add": Text("登记举报", "tip entered"),
    "tip.case": Text("举报转为线索", "case opened from a tip"),
    "tip.dismiss": Text("排除举报", "tip dismissed"),
    "tip.link": Text("举报关联线索", "tip linked"),
    "tip.merge": Text("合并举报", "tips merged"),
    "tip.receive": Text("收到举报", "tip received"),
    "tip.reward": Text("登记奖励", "reward noted"),
    "token.add": Text("新建令牌", "token made"),
    "token.revoke": Text("撤销令牌", "token revoked"),
    "track.add": Text("接收轨迹", "track taken in"),
    "track.day": Text("指定轨迹日期", "day of a track set"),
    "track.person": Text("指定记录人", "person of a track set"),
    "track.review": Text("审定轨迹", "track decided on"),
    "trial.add": Text("登记埋设试验", "trial entered"),
    "unit.add": Text("登记单位", "unit saved"),
    "upload": Text("上传文件", "file sent"),
    "upload.answer": Text("回答导入问题", "question about a file answered"),
    "upload.set_aside": Text("搁置文件", "file set aside"),
    "user.add": Text("新建用户", "person added"),
    "user.disable": Text("停用用户", "person disabled"),
    "user.enable": Text("启用用户", "person enabled"),
    "user.password": Text("设置密码", "password set"),
    "user.role": Text("更改角色或单位", "role or unit changed"),
    "user.second_factor": Text("更改动态口令", "second factor changed"),
    "user.sessions": Text("结束登录", "sessions ended"),
    "zones.add": Text("导入重点区域", "zones imported"),
}
_CASE = re.compile(r"case ([1-9][0-9]{0,17})")
_BY_ID = {"survey": "/surveys/{}", "plan": "/plans/{}"}
_LISTS = {
    **{"backup": "/backups", "campaign": "/campaigns", "claim": "/confidence", "job": "/jobs"},
    **{"site": "/sites", "targets": "/targets", "tip": "/tips", "user": "/people"},
    **{"check": "/checks", "trial": "/checks", "rate": "/rates", "risk": "/rates"},
    **{"area": "/units", "areas": "/units", "unit": "/units"},
}


def action_words(action: str) -> Text:
    """Return an action in words; one that this version does not know stays as it is."""
    kind, _dot, deed = action.partition(".")
    if kind == "case" and deed in set(CaseAction):
        told = ACTION_WORDS[CaseAction(deed)]
        return Text(f"线索:{told.zh}", f"case {told.en}")
    return _ACTIONS.get(action, Text(action, action))


def record_place(action: str, subject: str, details: str) -> str | None:
    """Return the address of the page that shows what a row is about, or of its list; None without
    one. The record may be gone by now.
    """
    case = _CASE.fullmatch(subject)
    if case is not None:
        return f"/cases/{case[1]}"
    kind = action.partition(".")[0]
    if kind == "setting" and re.fullmatch("[a-z0-9_]+", subject):
        return f"/settings#{subject}"
    number = _number(details, "tracks" if kind == "track" else "id")
    if kind == "track":
        return None if number is None else f"/tracks/{number}"
    if kind in _BY_ID and number is not None:
        return _BY_ID[kind].format(number)
    return _LISTS.get(kind)


def _number(details: str, key: str) -> int | None:
    """Return the number of a record in a row's details; None where it tells none."""
    try:
        found = json.loads(details)[key]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    one = found[0] if isinstance(found, list) and found else found
    return one if type(one) is int and 0 < one < 10**15 else None
