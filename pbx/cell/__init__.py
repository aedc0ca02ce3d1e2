"""A cell: one process with one PJSIP endpoint that holds one voice contact.

`zygote` forks cells, `control` is a cell's life from fork to exit, `endpoint` and the
files beside it are the only code that touches pjsua2, and `wire` holds the messages
between a cell and the node.
"""
