"""The SIP edge: registrar, admission and proxy in front of the cells."""
