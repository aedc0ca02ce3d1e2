"""The main job on real input: a server of its own, telephones of its own, nine calls.

The telephones stand for the world outside: nothing here is imported by the server.
"""
