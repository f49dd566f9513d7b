"""What staff write beside a deed, for others to read: a comment, a note, a name."""

from __future__ import annotations

from server.forms.limits import Wrong
from server.forms.parsing import readable
from server.kernel.errors import Refused


def remark(written: str) -> str:
    """What was written, as one line without marks that nobody sees.

    :raises Refused: `reason` words_unseen, for what turns a line round or cannot be kept.
    """
    try:
        return " ".join(readable(written).split())
    except Wrong:
        raise Refused(reason="words_unseen") from None
