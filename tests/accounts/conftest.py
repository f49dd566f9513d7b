"""The same application as in tests/http."""

from tests.http.conftest import app, client, log_lines, place

__all__ = ["app", "client", "log_lines", "place"]
