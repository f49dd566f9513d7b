"""What happens after the commit, started by the outbox or by time: letters, receipts, timers.

PostgreSQL is the truth and Redis only carries ids: whatever is lost there comes again, and every
job may run twice.
"""
