"""What a coordinator sees: the worklist and a child's card."""
