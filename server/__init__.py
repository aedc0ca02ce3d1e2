"""Builds the node from the configuration, starts and stops it, and shows how it does.

The only place that knows the names of all parts.
"""
