"""Customers: who contacts us, told to the router at arrival, and learnt from when it is over.

A package of its own and no part of `care`, which is about how a customer feels in a running
contact and is switched off with emotion; a profile is there without any emotion. `service`
loads, `learner` learns; the store and the other system are behind Protocols.
"""
