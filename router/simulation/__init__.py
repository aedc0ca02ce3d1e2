"""A contact centre in virtual time, to compare ways of routing. Pure: no clock, no files.

`centre` draws agents and queues from a workload, `arrivals` and `arrivals_csv` say who comes and
when, `customers` remembers them, `truth` decides what becomes of a contact. `world` plays the day
with one dispatcher: the router's core itself or one of the `baselines`, which stand on `desk`.
`referee` holds every decision against the rules, `tally` counts, and `compare` puts the figures of
many seeds and policies beside each other.
"""
