"""Who serves whom: the waiting contacts, the agents' states, offers and the assignment solver.

The core (`core.py`) is pure: events in, commands and events out, time passed in. The shell
(`service.py`) feeds it from an event loop and implements the ports that channels ask.
"""
