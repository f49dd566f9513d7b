"""Workflows: their language, the engine that takes one step, proofs and diagrams; all pure."""
