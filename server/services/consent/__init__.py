"""A consent after it was asked: renewed, withdrawn, confirmed on paper, verified."""
