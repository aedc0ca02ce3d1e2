"""Models: weights small enough to commit, a card beside each, and what runs them."""
