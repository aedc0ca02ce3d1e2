"""The commands of `run_pbx.py`, each in a file of its own.

A file offers `register(app)`, which adds its command or group to the typer application. Exit
codes: 0 all is well, 1 it could not be done, 2 the command line or the configuration is wrong.
"""
