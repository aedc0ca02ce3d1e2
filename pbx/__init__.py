"""Telephony: the SIP edge, the cells that hold calls, call control and call records."""
