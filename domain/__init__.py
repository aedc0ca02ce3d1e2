"""The vocabulary of a contact centre: things, their state machines, events, commands, ports.

Nothing here imports anything but the standard library, opens a socket, reads a
clock or waits.
"""
