"""All that knows PostgreSQL: rows and the queries on them, one file per aggregate."""
