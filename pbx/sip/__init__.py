"""Pure pieces of SIP and SDP that need no socket, no clock and no await.

`sdp` is the guard that parses every session description and writes it anew,
`digest` is authentication, `fields` splits header fields in linear time.
"""
