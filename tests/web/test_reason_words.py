"""Whatever a patch is shown for has words on the pages, in both languages."""

from __future__ import annotations

import json
import re

import pytest
from conftest import Visitor

from geoinspect.detect.search import REASONS
from geoinspect.detect.targets import NUDGE_REASONS


@pytest.mark.parametrize("path", ["map", "review"])
def test_every_reason_has_words(visitor: Visitor, path: str) -> None:
    told = {}
    for language in ("zh_CN", "en"):
        visitor.client.set_cookie("language", language)
        page = visitor.client.get(f"/{path}?language={language}").get_data(as_text=True)
        told[language] = json.loads(re.findall(r'id="page"[^>]*>(.*?)</script>', page, re.S)[0])
    for name in (*REASONS, *NUDGE_REASONS, "model"):
        words = [told[language]["words"][f"reason_{name}"] for language in told]
        assert re.search("[一-鿿]", words[0]), name
        assert words[0] != words[1]
