"""Everything that runs on one machine, started and stopped by one command.

PostgreSQL and Redis come from wheels unless addresses are set; web, worker and scheduler are
processes of their own. Nothing outlives the supervisor, and whatever was killed recovers by itself.
"""
