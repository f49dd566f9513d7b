"""Use cases: one function, one transaction. None of them commits; `store/database.py` does."""
