"""Measurements of the product on a database of their own; `make bench` runs them all."""
