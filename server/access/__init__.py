"""Who acts, and what they may do: pure values and one table, closed by default."""
