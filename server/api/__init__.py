"""The HTTP API, version 1: what a page can do, a program can do, under the same rules."""
