"""What every definition is made of: frozen values that know no unknown key."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Frozen(BaseModel):
    """A frozen value read from a definition; a misspelt key is refused with its place."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


# Settings, migration and tests hang on ids, and CEL reads a hyphen as minus: underscores only.
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
WhyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,80}$")]
ParameterId = Annotated[str, StringConstraints(pattern=r"^P[1-9][0-9]?$")]
