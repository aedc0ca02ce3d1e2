"""Learning: which agent is likely to bring a good outcome in which topic, and what that is worth.

Pure: outcomes in, expectations out, time passed in. The inputs are topic, segment and agent; no
protected attribute of a customer and nothing else of him has a way in.
"""
