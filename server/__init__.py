"""Mentor School: the server on which a country runs its schools of mentoring."""

__version__ = "0.1.0"
