"""Why a start is refused."""

from __future__ import annotations

from server.kernel.errors import MentorSchoolError


class StartRefused(MentorSchoolError):
    """The server cannot start here: `reason` is a key of words.starting.STARTING."""
