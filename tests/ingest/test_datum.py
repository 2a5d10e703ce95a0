"""Laws of the datum shift, and the published vectors."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.crs import GEOD, mainland
from geoinspect.ingest import datum as shift
from geoinspect.records import Datum

DATUMS = {"WGS84": Datum.WGS84, "GCJ02": Datum.GCJ02, "BD09": Datum.BD09}
EXACT = ("formula", "exact inverse", "identity")

# Towns, ports and islands to some 500 m. Their sides of the borders were checked against time-zone
# outlines made from OpenStreetMap, which are an independent source and not shipped.
WITH_OFFSET = """
深圳 Shekou, 113.915, 22.485; 深圳 Futian, 114.060, 22.541;
深圳 Futian port, 114.0685, 22.5195; 深圳 Luohu station, 114.1135, 22.5335;
深圳 Shatoujiao, 114.232, 22.556; 深圳 Yantian port, 114.268, 22.573;
深圳 Neilingding, 113.803, 22.412; 深圳 Nan'ao, 114.485, 22.535;
珠海 Guishan, 113.823, 22.138; 珠海 Wanshan, 113.725, 21.935; 珠海 Dangan, 114.03, 22.05;
珠海 Gongbei, 113.548, 22.223; 珠海 Hengqin, 113.520, 22.125; 厦门 Xiamen, 118.10, 24.47;
厦门 Dadeng, 118.335, 24.56; 平潭 Pingtan, 119.79, 25.50; 福州 Langqi, 119.60, 26.10;
三沙 Yongxing, 112.338, 16.834; 舟山 Dinghai, 122.107, 30.016; 舟山 Shengshan, 122.82, 30.72;
舟山 Dongji, 122.69, 30.195; 舟山 Huaniao, 122.68, 30.855; 长海 Dachangshan, 122.585, 39.272;
长海 Zhangzi, 122.73, 39.05; 长海 Haiyang, 123.16, 39.06; 北海 Weizhou, 109.115, 21.045;
台州 Dachen, 121.88, 28.45; 平阳 Nanji, 121.085, 27.46; 威海 Liugong, 122.185, 37.505;
长岛 Beihuangcheng, 120.905, 38.39; 丹东 Dandong, 124.385, 40.125; 宽甸 Hekou, 124.68, 40.42;
集安 Ji'an, 126.19, 41.125; 图们 Tumen, 129.845, 42.962; 珲春 Fangchuan, 130.598, 42.440;
绥芬河 Suifenhe, 131.15, 44.40; 抚远 Fuyuan, 134.30, 48.365; 黑河 Heihe, 127.50, 50.245;
漠河 Beiji, 122.35, 53.485; 满洲里 Manzhouli, 117.43, 49.595;
二连浩特 Erenhot, 111.98, 43.655; 霍尔果斯 Khorgos, 80.41, 44.21;
塔城 Tacheng, 82.98, 46.745; 喀什 Kashgar, 75.99, 39.47;
塔什库尔干 Tashkurgan, 75.23, 37.775; 樟木 Zhangmu, 85.98, 27.99;
亚东 Yadong, 88.907, 27.485; 瑞丽 Ruili, 97.855, 24.015; 芒市 Mangshi, 98.585, 24.435;
腾冲 Houqiao, 98.27, 25.30; 孟定 Mengding, 99.08, 23.555; 勐腊 Mohan, 101.69, 21.19;
勐腊 Mengla, 101.56, 21.48; 打洛 Daluo, 100.045, 21.705; 河口 Hekou, 103.96, 22.51;
麻栗坡 Malipo, 104.70, 23.125; 凭祥 Pingxiang, 106.755, 22.095;
东兴 Dongxing, 107.97, 21.545; 北京 Beijing, 116.40, 39.90; 乌鲁木齐 Urumqi, 87.60, 43.83;
拉萨 Lhasa, 91.13, 29.65; 三亚 Sanya, 109.51, 18.25
"""
WITHOUT_OFFSET = """
香港 Lo Wu, 114.113, 22.5275; 香港 Sheung Shui, 114.128, 22.502;
香港 Lok Ma Chau, 114.0665, 22.514; 香港 Sha Tau Kok, 114.222, 22.545;
香港 Lau Fau Shan, 113.985, 22.468; 香港 Tuen Mun, 113.973, 22.391;
香港 Sai Kung, 114.27, 22.383; 香港 Airport, 113.915, 22.308; 香港 Tai O, 113.863, 22.254;
香港 Tung Ping Chau, 114.433, 22.545; 香港 Po Toi, 114.255, 22.168;
香港 Central, 114.158, 22.282; 澳门 Macau centre, 113.540, 22.193;
澳门 Taipa, 113.556, 22.156; 澳门 Coloane, 113.565, 22.12;
澳门 Border gate, 113.549, 22.2135; 金门 Kinmen, 118.32, 24.43; 金门 Lieyu, 118.235, 24.43;
金门 Mashan, 118.405, 24.525; 马祖 Nangan, 119.93, 26.155; 马祖 Beigan, 119.99, 26.225;
马祖 Dongyin, 120.49, 26.37; 乌丘 Wuqiu, 119.455, 24.99; 澎湖 Magong, 119.565, 23.565;
东沙 Pratas, 116.72, 20.70; 台北 Taipei, 121.52, 25.04; 台湾 Hengchun, 120.745, 22.0;
新义州 Sinuiju, 124.40, 40.095; 惠山 Hyesan, 128.18, 41.40; 南阳 Namyang, 129.86, 42.945;
满浦 Manpo, 126.285, 41.145; 布拉戈维申斯克 Blagoveshchensk, 127.535, 50.265;
哈巴罗夫斯克 Khabarovsk, 135.07, 48.48; 波格拉尼奇内 Pogranichny, 131.38, 44.405;
后贝加尔斯克 Zabaykalsk, 117.325, 49.65; 扎门乌德 Zamyn-Uud, 111.905, 43.715;
霍尔果斯(哈) Khorgos (KZ), 80.30, 44.22; 阿亚古兹 Bakhty, 82.75, 46.68;
科达里 Kodari, 85.945, 27.955; 木姐 Muse, 97.905, 23.985; 老街(缅) Laukkai, 98.765, 23.69;
磨丁 Boten, 101.67, 21.17; 老街 Lao Cai, 103.97, 22.485; 同登 Dong Dang, 106.70, 21.95;
芒街 Mong Cai, 107.968, 21.525; 下龙 Ha Long, 107.08, 20.95;
白翎岛 Baengnyeong, 124.70, 37.965; 乌兰巴托 Ulaanbaatar, 106.9, 47.9;
河内 Hanoi, 105.85, 21.03; 首尔 Seoul, 126.98, 37.57; 那霸 Naha, 127.68, 26.21;
加德满都 Kathmandu, 85.32, 27.71
"""

# Around the mainland's middle, away from every border.
inland = st.tuples(st.floats(100, 115), st.floats(26, 38))


def place(lon, lat):
    return np.array([float(lon)]), np.array([float(lat)])


def metres(one, other) -> float:
    return float(GEOD.inv(one[0], one[1], other[0], other[1])[2].max())


def converted(row):
    """One row of the vectors, by the function that serves it."""
    start = place(row["from_lon"], row["from_lat"])
    source, target = DATUMS[row["from_crs"]], DATUMS[row["to_crs"]]
    if target is Datum.WGS84:
        return shift.to_wgs84(*start, source)
    if source is Datum.WGS84:
        return shift.wgs84_to_gcj02(*start) if shift.has_offset(*start) else start
    return (shift.gcj02_to_bd09 if target is Datum.BD09 else shift.bd09_to_gcj02)(*start)


@pytest.fixture(scope="module")
def vectors(shared_data):
    with (shared_data / "gcj02_vectors.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_vectors(vectors):
    checked = 0
    for row in vectors:
        found, wanted = converted(row), place(row["to_lon"], row["to_lat"])
        if row["nature"].startswith(EXACT):
            checked += 1
            assert metres(found, wanted) < 1e-3, row
        elif row["nature"].startswith("empirical"):
            assert metres(found, wanted) < 15, row
        else:
            # Rough inverses of others, up to 41 m off: ours leads back to where it came from.
            source, target = DATUMS[row["from_crs"]], DATUMS[row["to_crs"]]
            true = shift.to_wgs84(*found, target)
            start = place(row["from_lon"], row["from_lat"])
            assert metres(shift.from_wgs84(*true, source), start) < 1e-6, row
            assert metres(found, wanted) < 42, row
    assert checked >= 35


def test_formula_vectors_to_a_billionth_of_a_degree(vectors):
    rows = [row for row in vectors if row["nature"].startswith(("formula", "exact inverse"))]
    for row in rows:
        found = np.concatenate(converted(row))
        wanted = np.concatenate(place(row["to_lon"], row["to_lat"]))
        assert np.abs(found - wanted).max() < 1e-9, row
    assert len(rows) >= 30


def test_identity_vectors_do_not_move(vectors):
    rows = [row for row in vectors if row["nature"].startswith("identity")]
    for row in rows:
        start = place(row["from_lon"], row["from_lat"])
        for datum in Datum:
            assert shift.to_wgs84(*start, datum) == start
            assert shift.from_wgs84(*start, datum) == start
    assert rows


@settings(deadline=None)
@given(inland)
def test_round_trips_below_a_micrometre(position):
    lon, lat = place(*position)
    gcj = shift.wgs84_to_gcj02(lon, lat)
    assert metres(shift.gcj02_to_wgs84(*gcj), (lon, lat)) < 1e-6
    assert metres(shift.to_wgs84(*gcj, Datum.GCJ02), (lon, lat)) < 1e-6
    bd = shift.gcj02_to_bd09(*gcj)
    assert metres(shift.bd09_to_gcj02(*bd), gcj) < 1e-6
    assert metres(shift.to_wgs84(*bd, Datum.BD09), (lon, lat)) < 1e-6


@settings(deadline=None)
@given(inland)
def test_offset_is_of_the_known_size(position):
    lon, lat = place(*position)
    assert 30 < metres(shift.wgs84_to_gcj02(lon, lat), (lon, lat)) < 1000


def places(text):
    rows = [row.rsplit(",", 2) for row in text.replace("\n", " ").split(";")]
    return [pytest.param(float(lon), float(lat), id=name.strip()) for name, lon, lat in rows]


@pytest.mark.parametrize(("lon", "lat"), places(WITH_OFFSET))
def test_the_mainland_has_the_offset(lon, lat):
    true = place(lon, lat)
    assert shift.has_offset(*true)
    for datum in (Datum.GCJ02, Datum.BD09):
        numbers = shift.from_wgs84(*true, datum)
        assert metres(numbers, true) > 100
        assert metres(shift.to_wgs84(*numbers, datum), true) < 1e-6


@pytest.mark.parametrize(("lon", "lat"), places(WITHOUT_OFFSET))
def test_elsewhere_there_is_no_offset(lon, lat):
    here = place(lon, lat)
    assert not shift.has_offset(*here)
    assert shift.from_wgs84(*here, Datum.GCJ02) == here


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (114.17, 22.30), (114.10, 22.50), (113.55, 22.19), (113.575, 22.12), (121.5, 25.05),
        (118.32, 24.43), (105.85, 21.03), (106.9, 47.9), (85.3, 27.7), (0.0, 0.0), (-180.0, 90.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_nothing_moves_where_there_is_no_offset(lon, lat, datum):
    start = place(lon, lat)
    assert shift.to_wgs84(*start, datum) == start


def test_the_hong_kong_border_is_right_to_300_m():
    # Points 1, 2 and 5 to 7 of the border, State Council decree 221 of 1997, and Lo Wu bridge.
    marks = [
        (114 + 13 / 60 + 32.40 / 3600, 22 + 32 / 60 + 45.42 / 3600),
        (114 + 12 / 60 + 24.25 / 3600, 22 + 33 / 60 + 23.49 / 3600),
        (113 + 59 / 60 + 42.20 / 3600, 22 + 30 / 60 + 36.23 / 3600),
        (113 + 56 / 60 + 52.10 / 3600, 22 + 28 / 60 + 20.49 / 3600),
        (114.1134, 22.5311),
    ]
    rim = mainland().boundary
    for lon, lat in marks:
        mark = shapely.Point(lon, lat)
        nearest = shapely.get_coordinates(shapely.shortest_line(rim, mark))[0]
        assert metres(place(*nearest), place(lon, lat)) < 300, (lon, lat)


def test_a_line_is_never_torn():
    # From Shenzhen into Hong Kong, more than half of it on this side.
    lon, lat = np.linspace(114.05, 114.14, 400), np.linspace(22.60, 22.48, 400)
    moved = shift.to_wgs84(lon, lat, Datum.GCJ02)
    steps = np.hypot(np.diff(moved[0] - lon), np.diff(moved[1] - lat))
    assert steps.max() < 1e-4
    beyond = lon[-100:], lat[-100:]
    assert shift.to_wgs84(*beyond, Datum.GCJ02)[0] is beyond[0]


def test_a_wild_fix_does_not_spoil_the_line():
    lon = np.array([112.5, 0.0, 112.5001, 179.0])
    lat = np.array([23.1, 0.0, 23.1001, 90.0])
    moved_lon, moved_lat = shift.to_wgs84(lon, lat, Datum.BD09)
    assert np.isfinite(moved_lon).all()
    assert np.isfinite(moved_lat).all()
    assert (moved_lon != lon).tolist() == [True, False, True, False]
