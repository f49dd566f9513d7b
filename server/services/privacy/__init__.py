"""What is kept, for how long, and who may read it."""
