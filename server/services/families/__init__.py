"""What a family does and what is entered for it."""
