"""A partner's own colour, taken only where it can be read."""

import re

READABLE = 4.5
"""The least contrast of text and ground, after WCAG 2.2, success criterion 1.4.3."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def brand_or_none(colour: str | None) -> str | None:
    """Return the colour when white can be read on it, else None: the page then shows its own."""
    if colour is None or not _COLOUR.fullmatch(colour):
        return None
    return colour if contrast("#ffffff", colour) >= READABLE else None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours written `#rrggbb`, from 1 to 21, as WCAG defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
