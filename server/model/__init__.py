"""The model of a country and what a school may change in it: merge, limits, proofs; all pure."""
