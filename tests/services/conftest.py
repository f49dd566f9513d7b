"""A school whose clock stands still, with somebody to decide."""

from __future__ import annotations

import pytest

from server.runtime import Runtime
from tests.factories import Colleague, School, a_colleague, a_school, standing_still


@pytest.fixture
def still(runtime: Runtime) -> Runtime:
    return standing_still(runtime)


@pytest.fixture
def school(still: Runtime) -> School:
    return a_school(still.tools)


@pytest.fixture
def nina(school: School) -> Colleague:
    return a_colleague(school, name="Белова Нина")


@pytest.fixture
def anton(school: School) -> Colleague:
    return a_colleague(school, name="Громов Антон")
