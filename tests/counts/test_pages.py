"""A family's pages: how often each asks the database, and how much of it goes over the line."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import TestResponse

from server.runtime import Runtime
from tests.counts.conftest import Wire
from tests.web.family_ground import MOTHER, SLUG, Browser, School, answer, ask_for, new_school

# Round trips of a page that is looked at, session and actor included.
SCHOOL_TRIPS = 16
FAMILY_TRIPS = 18
HOME = "/s/"
HEAVIEST = 30_000  # bytes after gzip, with style sheet and script


@pytest.fixture
def school(runtime: Runtime) -> School:
    return new_school(runtime)


@pytest.fixture
def phone(school: School) -> Browser:
    return school.browser()


def weight(school: School, response: TestResponse) -> int:
    """A first visit: the page and what it loads, each packed as it is sent."""
    html = response.get_data(as_text=True)
    loaded = re.findall(r'<(?:link rel="stylesheet"|script)[^>]* (?:href|src)="([^"]+)"', html)
    client = school.browser().client
    parts = [html.encode(), *(client.get(path).get_data() for path in loaded)]
    assert len(parts) > 1, "a page without its style sheet is not what people load"
    return sum(len(gzip.compress(part, 9, mtime=0)) for part in parts)


def way(school: School, phone: Browser) -> Iterator[str]:
    """The pages of a guardian's way, each when it is open."""
    steps: tuple[Callable[[], object], ...] = (
        lambda: phone.get(f"/go/{SLUG}/vologda"),
        lambda: phone.post({"contact": MOTHER}),
        lambda: phone.post({"code": school.code()}),
        lambda: ask_for(school, phone),
        lambda: answer(phone, "yes"),
        lambda: answer(phone, "yes"),
        lambda: phone.post({"code": school.code()}),
        lambda: phone.get(HOME),
    )
    for step in steps:
        step()
        yield phone.at


@pytest.mark.parametrize(
    ("path", "most"), [("/", 4), ("/sign-in", 4), (f"/go/{SLUG}/vologda", SCHOOL_TRIPS)]
)
def test_a_public_page_is_light_and_asks_little(
    runtime: Runtime, school: School, phone: Browser, path: str, most: int
) -> None:
    wire = Wire(runtime)
    phone.get(path)

    with wire.listening() as sent:
        response = phone.get(path)

    assert response.status_code == 200
    assert sent.trips <= most
    assert weight(school, response) <= HEAVIEST


def test_every_page_of_a_guardians_way_is_light_and_asks_a_bounded_number_of_times(
    runtime: Runtime, school: School, phone: Browser
) -> None:
    wire = Wire(runtime)
    trips: dict[str, int] = {}
    weights: dict[str, int] = {}
    for path in way(school, phone):
        with wire.listening() as sent:
            response = phone.client.get(path)
        assert response.status_code == 200, path
        trips[path], weights[path] = sent.trips, weight(school, response)

    assert len(trips) >= 7
    assert max(trips.values()) <= FAMILY_TRIPS, trips
    assert max(weights.values()) <= HEAVIEST, weights


def test_each_further_child_makes_the_first_page_ask_a_bounded_number_of_times_more(
    runtime: Runtime, school: School, phone: Browser
) -> None:
    *_, _home = way(school, phone)
    wire = Wire(runtime)
    counted = []
    for child in ("Смирнова Вера", "Смирнов Глеб", ""):
        with wire.listening() as sent:
            assert phone.client.get(HOME).status_code == 200
        counted.append(sent.trips)
        if child:
            phone.get("/s/request")
            ask_for(school, phone, child=child)

    one, two, three = counted
    assert three - two == two - one <= 8
