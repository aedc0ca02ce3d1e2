"""Another system is asked who a customer is, by a signed POST, within a stated time.

`lookup.Lookup` decides whether it is asked at all; `asker.Asker` asks. docs/customers.md is the
other side's description of it.
"""
