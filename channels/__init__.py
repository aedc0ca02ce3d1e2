"""Rims where people and messages come in: HTTP today, chat, mail and the browser later.

A channel knows router, store and bus through `domain.ports` alone.
"""
