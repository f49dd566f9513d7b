"""Pages by reader: the family, the child, the desk of a coordinator, the public."""
