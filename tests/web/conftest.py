"""The application on a clock that stands still, a school in it, and somebody to decide."""

from __future__ import annotations

import pytest
from flask import Flask

from server.app import create_app
from server.runtime import Runtime
from tests.factories import Colleague, School, a_colleague, a_school, standing_still


@pytest.fixture
def still(runtime: Runtime) -> Runtime:
    return standing_still(runtime)


@pytest.fixture
def app(still: Runtime) -> Flask:
    return create_app(still)


@pytest.fixture
def school(still: Runtime) -> School:
    return a_school(still.tools)


@pytest.fixture
def nina(school: School) -> Colleague:
    return a_colleague(school, name="Белова Нина")
