"""Tables of points as apps write them, and what a test wants to know of their reading."""

from __future__ import annotations

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from geoinspect.errors import TrackError
from geoinspect.ingest.formats.reading import Reading, ReadOptions
from geoinspect.ingest.formats.tables import read_table

# The first moment of most tables here: 08:30:00 in China.
START_S = datetime(2026, 5, 14, 0, 30, tzinfo=ZoneInfo("UTC")).timestamp()


def read(data: str | bytes, *, crs: str | None = None, zone: str = "Asia/Shanghai") -> Reading:
    raw = data.encode() if isinstance(data, str) else data
    return read_table(io.BytesIO(raw), ReadOptions(ZoneInfo(zone), crs))


def refusal(data: str | bytes, **options: str) -> TrackError:
    with pytest.raises(TrackError) as caught:
        read(data, **options)
    assert caught.value.text.zh
    assert caught.value.text.en
    return caught.value


def segments(reading: Reading) -> list:
    return [segment for line in reading.lines for segment in line.segments]


def points(reading: Reading) -> list[tuple[float, float]]:
    return [
        (round(x, 7), round(y, 7))
        for segment in segments(reading)
        for x, y in zip(segment.lon.tolist(), segment.lat.tolist(), strict=True)
    ]


def times(reading: Reading) -> list[float]:
    """Seconds after 08:30:00 in China on 14 May 2026."""
    return [t - START_S for segment in segments(reading) for t in segment.time_s.tolist()]


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


TRUTH = [(112.5521, 23.1694), (112.5521287, 23.169375)]


# Header and two rows as apps, loggers and offices write them; the first point is TRUTH[0].
APPS = {
    "GPSLogger": (
        "time,lat,lon,elevation,accuracy,bearing,speed,satellites,provider,hdop\n"
        "2026-05-14T00:30:00.000Z,23.1694,112.5521,120.5,7.5,219.9,0.9,8,gps,1.1\n"
        "2026-05-14T00:30:05.000Z,23.169375,112.5521287,120,6,219.9,0.9,8,gps,1.1\n"
    ),
    "footprint app, tabs": (
        "dataTime\tlocType\tlongitude\tlatitude\theading\taccuracy\tspeed\tdistance\t"
        "isBackForeground\tstepType\taltitude\n"
        "1778718600\t1\t112.5521\t23.1694\t0.0\t35.0\t-1.0\t123.4\t1\t0\t120.5\n"
        "1778718605\t1\t112.5521287\t23.169375\t0.0\t32.2\t6.6\t125.4\t1\t0\t120\n"
    ),
    "milliseconds": (
        "geoTime,latitude,longitude,altitude,course,horizontalAccuracy\n"
        "1778718600000,23.1694,112.5521,120.5,0,5\n"
        "1778718605000,23.169375,112.5521287,120,0,5\n"
    ),
    "Traccar": (
        "id,deviceId,protocol,serverTime,deviceTime,fixTime,outdated,valid,latitude,longitude,"
        "altitude,speed,course,address,accuracy\n"
        "1,3,osmand,2026-05-14T01:00:00.000+00:00,2026-05-14T00:30:00.000+00:00,"
        "2026-05-14T00:30:00.000+00:00,false,true,23.1694,112.5521,120.5,1,2,,5\n"
        "2,3,osmand,2026-05-14T01:00:00.000+00:00,2026-05-14T00:30:05.000+00:00,"
        "2026-05-14T00:30:05.000+00:00,false,true,23.169375,112.5521287,120,1,2,,5\n"
    ),
    "FlySight, units under the header": (
        "time,lat,lon,hMSL,velN,velE,velD,hAcc,vAcc\n,(deg),(deg),(m),(m/s),(m/s),(m/s),(m),(m)\n"
        "2026-05-14T00:30:00.00Z,23.1694,112.5521,120.5,0,0,0,5,9\n"
        "2026-05-14T00:30:05.00Z,23.169375,112.5521287,120,0,0,0,5,9\n"
    ),
    "ArcGIS export": (
        "FID,Shape,X,Y,Name,DateTime\n"
        "0,Point,112.5521,23.1694,p,2026/5/14 8:30:00\n"
        "1,Point,112.5521287,23.169375,p,2026/5/14 8:30:05\n"
    ),
    "Excel in China": (
        "序号;经度(°);纬度(°);海拔(m);日期;时间\n"
        "1;112.5521;23.1694;120.5;2026年5月14日;8时30分00秒\n"
        "2;112.5521287;23.169375;120;2026年5月14日;8时30分05秒\n"
    ),
    "Excel dates as numbers": (
        "东经,北纬,时间\n112.5521,23.1694,46156.3541666667\n112.5521287,23.169375,46156.3542245370\n"
    ),
    "preamble": (
        "巡护轨迹导出\n设备,GNSS-7\n坐标系,CGCS2000\n\nGPS经度,GPS纬度,定位时间(UTC)\n"
        "112.5521,23.1694,2026-05-14 00:30:00\n112.5521287,23.169375,2026-05-14 00:30:05\n"
    ),
    "separator line": (
        "sep=;\nZeit;Breitengrad;Längengrad;Höhe\n14.05.2026 08:30:00;23,1694;112,5521;120,5\n"
        "14.05.2026 08:30:05;23,169375;112,5521287;120\n"
    ),
    "bars": (
        "lng|lat|created_at\n112.5521|23.1694|2026-05-14T08:30:00+08:00\n"
        "112.5521287|23.169375|2026-05-14T08:30:05+08:00\n"
    ),
    "blanks": (
        "lon   lat   date       time\n112.5521   23.1694  2026-05-14 08:30:00\n"
        "112.5521287 23.169375  2026-05-14 08:30:05\n"
    ),
    "blanks in the time": (
        "lon lat time\n112.5521 23.1694 2026-05-14 08:30:00\n"
        "112.5521287 23.169375 2026-05-14 08:30:05\n"
    ),
    "American clock": (
        "Date,Time,Latitude,Longitude\n5/14/2026,8:30:00 AM,23.1694,112.5521\n"
        "5/14/2026,8:30:05 AM,23.169375,112.5521287\n"
    ),
    "Chinese clock": (
        "时间,经度坐标,纬度坐标\n2026/5/14 上午 8:30:00,112.5521,23.1694\n"
        "2026/5/14 上午 8:30:05,112.5521287,23.169375\n"
    ),
    "compact": (
        "gpstime,lon,lat\n20260514083000,112.5521,23.1694\n20260514083005,112.5521287,23.169375\n"
    ),
    "compact in two columns": (
        "date,time,lon,lat\n20260514,83000,112.5521,23.1694\n20260514,83005,112.5521287,23.169375\n"
    ),
    "survey letters": (
        "点名,B,L,H,时间\nA,23.1694,112.5521,120.5,2026-05-14 08:30:00\n"
        "B,23.169375,112.5521287,120,2026-05-14 08:30:05\n"
    ),
    "one column for both": (
        'time,lnglat\n2026-05-14 08:30:00,"112.5521,23.1694"\n2026-05-14 08:30:05,"112.5521287,23.169375"\n'
    ),
    "flight radar": (
        "Timestamp,UTC,Callsign,Position,Altitude\n"
        '1778718600,2026-05-14T00:30:00Z,B1,"23.1694,112.5521",120\n'
        '1778718605,2026-05-14T00:30:05Z,B1,"23.169375,112.5521287",120\n'
    ),
    "hemispheres apart": (
        "time,latitude,N/S,longitude,E/W\n2026-05-14 08:30:00,23.1694,N,112.5521,E\n"
        "2026-05-14 08:30:05,23.169375,N,112.5521287,E\n"
    ),
    "no header": (
        "1,112.5521,23.1694,120.5,2026-05-14 08:30:00\n2,112.5521287,23.169375,120,2026-05-14 08:30:05\n"
    ),
    "unknown header": (
        "a,b,c,d\n1,112.5521,23.1694,2026-05-14 08:30:00\n2,112.5521287,23.169375,2026-05-14 08:30:05\n"
    ),
    "trailing commas": "lon,lat,time" + "," * 5000 + "\n"
    "112.5521,23.1694,2026-05-14 08:30:00" + "," * 5000 + "\n"
    "112.5521287,23.169375,2026-05-14 08:30:05" + "," * 5000 + "\n",
    "old Macintosh": (
        "lon,lat,time\r112.5521,23.1694,2026-05-14 08:30:00\r112.5521287,23.169375,2026-05-14 08:30:05\r"
    ),
    "a cell over two lines": (
        'lon,lat,note,time\n112.5521,23.1694,"one\ntwo",2026-05-14 08:30:00\n'
        '112.5521287,23.169375,"x",2026-05-14 08:30:05\n'
    ),
    "header again": (
        "lon,lat,time\n112.5521,23.1694,2026-05-14 08:30:00\nlon,lat,time\n"
        "112.5521287,23.169375,2026-05-14 08:30:05\n"
    ),
    "Beijing time in the header": (
        "北京时间,经度,纬度\n2026-05-14 08:30:00,112.5521,23.1694\n"
        "2026-05-14 08:30:05,112.5521287,23.169375\n"
    ),
    "offset in the header": (
        "time (UTC+8),lon,lat\n2026-05-14 08:30:00,112.5521,23.1694\n"
        "2026-05-14 08:30:05,112.5521287,23.169375\n"
    ),
    "NMEA minutes": (
        "time,lat(ddmm.mmmm),lon(dddmm.mmmm)\n2026-05-14 08:30:00,2310.164,11233.126\n"
        "2026-05-14 08:30:05,2310.1625,11233.127722\n"
    ),
    "BaseCamp": (
        "Grid\tLat/Lon hddd°mm.mmm'\nDatum\tWGS 84\n\nHeader\tPosition\tTime\tAltitude\n"
        "Trackpoint\tN23 10.164 E112 33.126\t2026/5/14 8:30:00\t50 m\n"
        "Trackpoint\tN23 10.1625 E112 33.127722\t2026/5/14 8:30:05\t50 m\n"
    ),
    "cells kept as text": (
        "时间,经度,纬度\n'2026/5/14 8:30:00,=\"112.5521\",'23.1694\n"
        "'2026/5/14 8:30:05,=\"112.5521287\",'23.169375\n"
    ),
    "blank before a quote": (
        'time, lon, lat\n"2026-05-14 08:30:00", "112.5521", "23.1694"\n'
        '"2026-05-14 08:30:05", "112.5521287", "23.169375"\n'
    ),
    "Chinese commas": (
        "时间\uff0c经度\uff0c纬度\n2026-05-14 08:30:00\uff0c112.5521\uff0c23.1694\n"
        "2026-05-14 08:30:05\uff0c112.5521287\uff0c23.169375\n"
    ),
    "Movebank": (
        "event-id,visible,timestamp,location-long,location-lat,individual-local-identifier\n"
        "1,true,2026-05-14T00:30:00.000Z,112.5521,23.1694,A\n"
        "2,true,2026-05-14T00:30:05.000Z,112.5521287,23.169375,A\n"
    ),
    "tens of millions": (
        "time,latitudeE7,longitudeE7\n2026-05-14 08:30:00,231694000,1125521000\n"
        "2026-05-14 08:30:05,231693750,1125521287\n"
    ),
}
