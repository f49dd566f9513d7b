"""Sign-in of staff: Flask-Security over accounts of our own, and the way to a new password."""
