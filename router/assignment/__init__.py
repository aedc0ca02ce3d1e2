"""The assignment: the cheapest way to pair who waits with who is free."""
