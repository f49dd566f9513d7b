"""Sign-in, passwords and the colleagues who have accounts."""
