"""Texts in several languages, as definitions carry them: `{ru: …, en: …}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
)
from pydantic_core import core_schema

LOCALES = ("ru", "en")
_LOCALE = r"^[a-z]{2}$"
_LONGEST = 4000


class Text(Mapping[str, str]):
    """One text in the languages it was written in; frozen.

    `text.in_("en")` gives the wanted language, else Russian, else the first there is: a partner's
    own field needs only the school's language (DECISIONS.md 25).
    """

    __slots__ = ("_by_locale",)

    def __init__(self, by_locale: Mapping[str, str]) -> None:
        self._by_locale = dict(by_locale)

    def in_(self, locale: str) -> str:
        """The text in `locale`, or in the nearest language it has."""
        found = self._by_locale.get(locale) or self._by_locale.get("ru")
        return found or next(iter(self._by_locale.values()), "")

    def __getitem__(self, locale: str) -> str:
        return self._by_locale[locale]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_locale)

    def __len__(self) -> int:
        return len(self._by_locale)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._by_locale.items())))

    def __repr__(self) -> str:
        return f"Text({self._by_locale!r})"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        words = core_schema.str_schema(min_length=1, max_length=_LONGEST)
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.union_schema(
                [
                    core_schema.is_instance_schema(cls),
                    core_schema.dict_schema(
                        core_schema.str_schema(pattern=_LOCALE), words, min_length=1
                    ),
                ]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(dict),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        words = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
        return {
            "type": "object",
            "description": "The text by language: {ru: …, en: …}",
            "properties": dict.fromkeys(LOCALES, words),
            "patternProperties": {_LOCALE: words},
            "additionalProperties": False,
            "minProperties": 1,
        }


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Text) else value


AnyText = Annotated[Text, BeforeValidator(_plain), PlainSerializer(dict)]
