"""Webhooks: programs elsewhere are told of events by a signed POST, whatever becomes of it.

`service.Webhooks` runs them all. Each has a place in the stream of events, which is kept over a
restart, an `outbox.Outbox` that decides what is sent when, and a `poster.Poster` that sends it.
The form is that of Standard Webhooks 1.0.0; docs/webhooks.md is the receiver's side of it.
"""
