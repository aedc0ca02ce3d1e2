"""Tickets: opened by rule or by hand, moved on, told when they are overdue, closed.

`service` is what everybody asks; `rules` say when one is opened by itself; `clerk` goes by the
events and the clock. The store is behind a Protocol of the domain.
"""
