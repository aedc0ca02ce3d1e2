"""The assignment: who waits, who is free, what pairs cost, and the cheapest way to pair them."""
