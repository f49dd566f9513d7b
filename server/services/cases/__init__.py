"""A case and its step: where it stands, what it asks, what people do with it."""
