"""An agent's desk: the WebSocket over which he serves in writing, and a page that speaks it.

docs/protocols/desk.md describes the protocol.
"""
