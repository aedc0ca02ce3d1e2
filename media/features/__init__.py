"""Features: what a window of speech shows, as numbers that people and models can read.

Everything takes many windows at once, of any calls, and gives for each what it would give
for that window alone.
"""
