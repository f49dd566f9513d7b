"""A country of invented schools: three partners with children at every stage of enrolment.

Everything goes through the same services as in production, with a clock that stood in the past:
what the demo shows could have happened. Nobody in it exists.
"""

from server.demo.loading import load

__all__ = ["load"]
