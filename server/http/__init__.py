"""The ground of every page and of the API: who is at the door, errors, sessions, security."""
