from __future__ import annotations

import pytest

from controller.domain.errors import NotFound
from controller.domain.ids import check_id
from controller.places import FOUND_AT_MOST, communes, find, fold, provinces


def test_the_list_is_todays_34_provinces_and_3321_communes_each_with_its_own_id() -> None:
    tops = provinces()
    places = [*tops, *(place for top in tops for place in communes(top.code))]
    assert (len(tops), len(places)) == (34, 34 + 3321)
    assert len({check_id(place.unit_id) for place in places}) == len(places)


def test_cao_bang_and_its_commune_dam_thuy_have_the_official_codes() -> None:
    (cao_bang,) = (place for place in provinces() if place.name == "Cao Bằng")
    assert (cao_bang.unit_id, cao_bang.kind, cao_bang.parent_id) == ("p04", "tỉnh", None)
    (dam_thuy,) = (place for place in communes("04") if place.name == "Xã Đàm Thuỷ")
    assert (dam_thuy.unit_id, dam_thuy.kind, dam_thuy.parent_id) == ("x" + dam_thuy.code, "xã", "p04")
    assert len(dam_thuy.code) == 5


def test_an_unknown_province_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"place\.unknown"):
        communes("99")


@pytest.mark.parametrize("typed", ["dam thuy", "Đàm Thuỷ", "ĐÀM THỦY", "  xa  dam   thuy "])
def test_a_commune_is_found_without_accents_capitals_or_its_kind(typed: str) -> None:
    assert find(typed)[0].name == "Xã Đàm Thuỷ"


def test_the_closest_name_comes_first_and_provinces_before_communes() -> None:
    assert find("cao bang")[0].unit_id == "p04"
    assert find("ha noi")[0].unit_id == "p01"


def test_a_search_is_bounded_and_an_empty_one_finds_nothing() -> None:
    assert len(find("a")) == FOUND_AT_MOST
    assert find("   ") == find("không có nơi nào tên thế") == ()


def test_folding_drops_every_vietnamese_mark_and_keeps_the_letters() -> None:
    assert fold("Ứng Hoè, Đắk Lắk, Yên Bái") == "ung hoe, dak lak, yen bai"
