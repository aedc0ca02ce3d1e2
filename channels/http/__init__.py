"""The HTTP API: what stands in the contact centre, as JSON, and its events over WebSocket.

`app.build_app` makes the application from ports, `server.HttpServer` serves it inside
the node's event loop. `docs/api.md` is the reader's side of it.
"""
