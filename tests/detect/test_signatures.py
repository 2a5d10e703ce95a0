from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geoinspect.detect.indices import INDICES, available, compute
from geoinspect.detect.signatures import (
    BAND_RANGES_NM,
    MAX_BYTES,
    Spectrum,
    at_bands,
    parse_spectrum,
    read_spectrum,
)
from geoinspect.errors import GeoInspectError, InputError, TooLargeError, UsageError

ROLES = ("blue", "green", "red", "rededge", "nir")


@pytest.mark.parametrize(
    "text",
    [
        "wavelength_nm,reflectance\n400,0.04\n500,0.08\n900,0.5\n",
        "# field spectrum\r\n\r\n400\t0.04\r\n900\t0.5\r\n500\t0.08\r\n",
        "波长;反射率(%)\n400;4\n500;8,0\n900;50\n",
        "wavelength um, R\n0.4, 0.04\n0.5, 0.08\n0.9, 0.5",
        "spectrum number,reflectance\n400,0.04\n500,0.08\n900,0.5",
        "\ufeff400 0.04\n500   0.08\n900 5e-1",
    ],
)
def test_one_spectrum_in_many_clothes(text: str) -> None:
    found = parse_spectrum(text, "a")
    assert found.wavelengths_nm == pytest.approx((400, 500, 900))
    assert found.reflectances == pytest.approx((0.04, 0.08, 0.5))


def test_roles_are_taken_as_they_are_and_put_into_the_pictures_order() -> None:
    found = parse_spectrum("波段,反射率%\n红边,18\n近红外,45\nRed,5\ngreen,9\n蓝,4\n", "罂粟")
    assert at_bands(found, ("red", "green", "blue", "nir", "rededge")) == pytest.approx(
        [0.05, 0.09, 0.04, 0.45, 0.18]
    )
    assert at_bands(found, ("nir",), scale=10_000, offset=-1_000) == pytest.approx([3_500])


@given(st.floats(0, 0.3), st.floats(-2e-4, 2e-4), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_a_straight_course_shows_its_middle(start: float, slope: float, step: int) -> None:
    nm = np.arange(400, 1001, step)
    share = start + 0.2 + slope * (nm - 400)
    spectrum = Spectrum("line", tuple(nm.tolist()), tuple(share.tolist()))
    covered = [role for role in ROLES if BAND_RANGES_NM[role][1] <= nm[-1]]
    expected = [start + 0.2 + slope * (np.mean(BAND_RANGES_NM[role]) - 400) for role in covered]
    assert at_bands(spectrum, covered) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_course_is_averaged_as_a_fine_sum_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nm = np.cumsum(rng.uniform(1, 15, 120)) + 380
    value = rng.uniform(0, 1, 120)
    spectrum = Spectrum("rough", tuple(nm.tolist()), tuple(value.tolist()))
    low, high = BAND_RANGES_NM["green"]
    fine = low + (np.arange(200_000) + 0.5) / 200_000 * (high - low)
    assert at_bands(spectrum, ["green"])[0] == pytest.approx(
        np.interp(fine, nm, value).mean(), abs=1e-5
    )


def test_readings_of_a_five_band_camera_are_taken_by_range_not_joined_by_lines() -> None:
    camera = Spectrum("camera", (475.0, 560.0, 668.0, 717.0, 840.0), (0.04, 0.09, 0.05, 0.2, 0.45))
    assert at_bands(camera, ROLES) == pytest.approx([0.04, 0.09, 0.05, 0.2, 0.45])
    exact = {"red": (668.0, 668.0), "nir": (1_000.0, 1_100.0)}
    assert at_bands(camera, ["red"], ranges_nm=exact) == pytest.approx([0.05])
    with pytest.raises(InputError) as caught:
        at_bands(camera, ["nir"], ranges_nm=exact)
    assert caught.value.code == "band_not_covered"


def test_one_exact_wavelength_lies_on_the_line_between_its_neighbours() -> None:
    spectrum = Spectrum("two", (660.0, 670.0), (0.1, 0.2))
    assert at_bands(spectrum, ["red"], ranges_nm={"red": (667.0, 667.0)}) == pytest.approx([0.17])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_spectrum"),
        ("# nothing\n", "bad_spectrum"),
        ("wavelength,reflectance\n", "bad_spectrum"),
        ("400,0.1,0.2\n", "bad_spectrum"),
        ("400,0.1\nwhat,else\n", "bad_spectrum"),
        ("400\n500\n", "bad_spectrum"),
        ("a,b\nc,d\n400,0.1\n", "bad_spectrum"),
        ("400,4\n500,8\n", "bad_reflectance"),
        ("400,-0.1\n", "bad_reflectance"),
        ("400,nan\n", "bad_reflectance"),
        ("400,inf\n", "bad_reflectance"),
        ("0.4,0.1\n0.5,0.1\n", "bad_wavelength"),
        ("nan,0.1\n", "bad_wavelength"),
        ("400,0.1\n400.0,0.2\n", "bad_wavelength"),
        ("400,0.1\nred,0.2\n", "bad_wavelength"),
        ("red,0.1\n红,0.2\n", "bad_role"),
        ("red,0.1\npurple,0.2\n", "bad_role"),
        ("red,0.1\n400,0.2\n", "bad_role"),
        ("=cmd|'/c calc'!A1,0.3\n", "bad_role"),
        ("\x00\x01,0.3\n", "bad_role"),
    ],
)
def test_what_is_no_spectrum_is_told_with_its_line(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_spectrum(text, "试验.csv")
    assert caught.value.code == code
    assert "试验.csv" in caught.value.text.zh


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_spectrum_or_told(text: str) -> None:
    try:
        found = parse_spectrum(text, "any")
    except InputError:
        return
    values = (*found.reflectances, *(found.by_role or {}).values())
    assert values
    assert all(0 <= value <= 1.2 for value in values)


def test_files_of_any_encoding_are_read_and_large_or_missing_ones_told(tmp_path: Path) -> None:
    text = "波长,反射率\n450,0.04\n520,0.06\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(text.encode(encoding))
        assert read_spectrum(path).wavelengths_nm == (450.0, 520.0)
    for content in (b"\x89PNG\r\n\x1a\n\x00\x00\xff", b"\xff\xfe\x00", b"\x80" * 50):
        path.write_bytes(content)
        with pytest.raises(GeoInspectError):
            read_spectrum(path)
    path.write_bytes(b"450,0.1\n" * (MAX_BYTES // 8 + 1))
    with pytest.raises(TooLargeError):
        read_spectrum(path)
    with pytest.raises(InputError) as caught:
        read_spectrum(tmp_path / "none.csv", "别名")
    assert "别名" in caught.value.text.zh


@pytest.mark.parametrize(
    ("options", "code"),
    [({"scale": 0.0}, "bad_scale"), ({"scale": float("nan")}, "bad_scale")],
)
def test_a_scale_must_be_a_scale(options: dict[str, float], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        at_bands(Spectrum("a", by_role={"red": 0.1}), ["red"], **options)
    assert caught.value.code == code


def test_a_band_without_a_value_or_a_range_is_told() -> None:
    with pytest.raises(InputError):
        at_bands(Spectrum("a", by_role={"red": 0.1}), ["red", "nir"])
    with pytest.raises(UsageError):
        at_bands(Spectrum("a", (400.0, 500.0), (0.1, 0.2)), ["thermal"])


# Indices.
BOUNDED = ("ndvi", "gndvi", "ndre", "nir_plateau", "green_blue_difference")


def test_indices_of_a_leaf_are_what_a_hand_calculates() -> None:
    leaf = np.array([0.04, 0.10, 0.05, 0.20, 0.45]).reshape(5, 1, 1)
    found = compute(leaf, ROLES, np.ones((1, 1), dtype=bool))
    assert {name: float(value[0, 0]) for name, value in found.items()} == pytest.approx(
        {
            "ndvi": 0.8,
            "gndvi": 0.35 / 0.55,
            "ndre": 0.25 / 0.65,
            "chlorophyll_rededge": 1.25,
            "rededge_slope": 0.15 / 0.5 / 60,
            "rededge_position": 0.15 / 0.40,
            "nir_plateau": (0.45 - 0.19 / 3) / (0.45 + 0.19 / 3),
            "green_blue_ratio": 2.5,
            "green_blue_difference": 0.06 / 0.14,
            "excess_green": 0.3 / 0.19 - 1,
            "vari": 0.05 / 0.11,
        },
        rel=1e-5,
    )


@given(
    arrays(np.float64, (5, 3, 4), elements=st.floats(-0.25, 1.5, width=16)),
    arrays(np.bool_, (3, 4)),
    st.sampled_from([0.25, 2.0, 4096.0]),
)
@settings(max_examples=80, deadline=None)
def test_indices_know_no_gain_no_mask_and_no_bounds_broken(
    pixels: np.ndarray, valid: np.ndarray, gain: float
) -> None:
    found = compute(pixels, ROLES, valid)
    assert set(found) == set(INDICES)
    brighter = compute(pixels * gain, ROLES, valid)
    dirty = compute(np.where(valid, pixels, np.nan), ROLES, valid)
    for name, values in found.items():
        assert values.dtype == np.float32
        assert values.shape == valid.shape
        assert np.isnan(values[~valid]).all()
        assert not np.isinf(values).any()
        assert np.allclose(values, brighter[name], rtol=1e-4, equal_nan=True)
        assert np.array_equal(values, dirty[name], equal_nan=True)
    for name in BOUNDED:
        inside = found[name][~np.isnan(found[name])]
        assert (np.abs(inside) <= 1).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_black_pixels_are_no_evidence_in_any_type(dtype: type) -> None:
    found = compute(np.zeros((5, 2, 2), dtype=dtype), ROLES, np.ones((2, 2), dtype=bool))
    assert all(np.isnan(values).all() for values in found.values())
    full = compute(np.full((5, 2, 2), 120, dtype=dtype), ROLES, np.ones((2, 2), dtype=bool))
    assert full["ndvi"] == pytest.approx(0)


def test_only_what_the_bands_allow() -> None:
    assert available(("red", "green", "blue")) == (
        "green_blue_ratio",
        "green_blue_difference",
        "excess_green",
        "vari",
    )
    assert "ndre" not in available(("red", "green", "blue", "nir"))
    valid = np.ones((1, 1), dtype=bool)
    with pytest.raises(UsageError) as caught:
        compute(np.ones((2, 1, 1)), ("red", "nir"), valid, ["ndre"])
    assert caught.value.code == "missing_band"
    with pytest.raises(UsageError) as caught:
        compute(np.ones((2, 1, 1)), ("red", "nir"), valid, ["evi9"])
    assert caught.value.code == "no_such_index"
    with pytest.raises(UsageError) as caught:
        compute(np.ones((2, 1, 1)), ("red",), valid)
    assert caught.value.code == "bad_shape"
