"""Letters to people, the links and codes in them."""
