"""What is done about how customers feel: their moods, alert rules at work, advice to agents.

The core (`alerts.py`) is pure: events in, events and commands out, time passed in.
"""
