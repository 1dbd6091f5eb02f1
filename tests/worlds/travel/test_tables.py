"""TravelPlanner's tables: the originals byte by byte, what is read from them, and that nothing is read too early."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from importlib.resources import files

import pytest

from outrider.worlds.travel import tables

SHA256 = {
    "attractions.csv": "8007fa851ba5b3adb205fbd298169c95116b297cef7ccd21dbea26ecce2605d8",
    "citySet_with_states.txt": "a3d18b5c692857cd561cbb4ad8d221ac3eb6c47af7c787a3489e3ffa184ca4d6",
    "clean_accommodations_2022.csv": "7e70cc8cb573e824267be47153a3cf7934c839f01c955fb523d18be405921d86",
    "clean_restaurant_2022.csv": "a38ef00a3398b1ef78306a9b1851c491723d27899c6a1d4a3d6fe042929c0f26",
    "distance.csv": "44726ca74a335fd2d4824fc748f8832813550bfead37376fd51d6521a93a8b3b",
    "train45.jsonl": "7d65d33b660a924731a6d6fa846450ef756d1a1faa6722fe0dd168b5077eb91a",
    "train_ref_info.jsonl": "f9eff8c9e3056c726c4bc46b8183a51efdf63760755b0183fa36f1c9f14b6e83",
}


@pytest.mark.parametrize("name", SHA256)
def test_what_is_packed_is_the_authors_file_byte_by_byte(name: str) -> None:
    assert hashlib.sha256(tables.original(name)).hexdigest() == SHA256[name]


def test_nothing_else_is_packed_but_the_licence_and_all_is_small() -> None:
    packed = list(files("outrider.worlds.travel").joinpath("data").iterdir())
    assert {entry.name for entry in packed} == {"LICENSE", *(f"{name}.xz" for name in SHA256)}
    assert sum(len(entry.read_bytes()) for entry in packed) < 2_000_000


def test_importing_the_worlds_reads_no_table_and_importing_this_one_reads_none_either() -> None:
    program = (
        "import sys, outrider, outrider.worlds; assert 'outrider.worlds.travel' not in sys.modules\n"
        "import outrider.worlds.travel as travel; from outrider.worlds.travel import tables\n"
        "names = ['states', 'attractions', 'restaurants', 'accommodations', 'roads', 'reference', 'flights']\n"
        "print(sum(getattr(tables, name).cache_info().currsize for name in names), 'ortools' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "False"]


def test_every_row_is_read_but_accommodations_with_an_empty_field() -> None:
    assert sum(map(len, tables.attractions().by_city.values())) == 5302
    assert sum(map(len, tables.restaurants().by_city.values())) == 9551
    assert sum(map(len, tables.accommodations().by_city.values())) == 4285
    assert len(tables.states()) == 312
    assert len(tables.flights().by_number) == 313


def test_names_have_no_line_breaks_and_no_blanks_at_their_ends() -> None:
    for table in (tables.attractions(), tables.restaurants(), tables.accommodations()):
        for city in table.by_city:
            assert all(entry.name == " ".join(entry.name.split()) for entry in table.of(city))


def test_the_reference_information_says_what_the_tables_say() -> None:
    for sheet in tables.reference():
        for key, rows in sheet.items():
            kind, _, city = key.partition(" in ")
            if kind == "Attractions":
                assert [tables.plain(row["Name"]) for row in rows] == [entry.name for entry in tables.attractions().of(city)]
            if kind == "Restaurants":
                eaten = [(row["Average Cost"], row["Aggregate Rating"], row["Cuisines"]) for row in rows]
                assert eaten == [(e.price_usd, e.rating, ", ".join(e.cuisines)) for e in tables.restaurants().of(city)]
            if kind == "Accommodations":
                said = [(row["price"], row["minimum nights"], row["maximum occupancy"], row["room type"]) for row in rows]
                homes = tables.accommodations().of(city)
                assert said == [(e.price_usd, e.minimum_nights, e.most_people, e.room_type) for e in homes]
                assert [row["house_rules"] for row in rows] == [" & ".join(f"No {what}" for what in e.forbids) for e in homes]


def test_the_ways_by_road_cost_and_last_what_the_reference_says() -> None:
    seen = 0
    for sheet in tables.reference():
        for key, said in sheet.items():
            if way := re.fullmatch(r"(Self-driving|Taxi) from (.+) to (.+)", key):
                road = tables.roads().get((way[2], way[3]))
                usd = (road.car_usd if way[1] == "Self-driving" else road.taxi_usd) if road else None
                rest = f"duration: {road.duration}, distance: {road.distance}, cost: {usd}" if road else "No valid information."
                assert said.endswith(rest)
                seen += 1
    assert seen == 270


def test_a_name_is_found_by_a_part_of_it_and_the_first_one_counts() -> None:
    found = tables.restaurants().find("Subway", "Paducah")
    assert found is not None
    namesakes = tables.restaurants().matching("Subway", "Paducah")
    assert len(namesakes) > 1
    assert found == namesakes[0]
    assert [entry for entry in tables.restaurants().findable("Paducah") if "Subway" in entry.name] == [found]


def test_nothing_is_found_by_an_empty_name_or_in_an_unknown_city() -> None:
    assert tables.restaurants().find(" ", "Paducah") is None
    assert tables.attractions().find("Park", "Nowhere") is None


@pytest.mark.parametrize(("text", "minutes"), [("14 hours 4 mins", 844), ("1 hour 1 min", 61), ("50 mins", 50), ("2 hours", 120)])
def test_a_duration_is_read_as_minutes(text: str, minutes: int) -> None:
    assert tables.minutes(text) == minutes
