"""The assignment: who waits, who is free, what each pair costs, and the cheapest way to pair them."""
