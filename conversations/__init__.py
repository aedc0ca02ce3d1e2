"""Conversations in writing: chats, messages and mails, from the customer's words to their end.

A peer of care and customers: it knows the router, the store and the channels by their ports alone.
"""
