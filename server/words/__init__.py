"""Words people read: catalogues by locale, dates, letters. No Flask, no database."""
