"""Other messengers: an adapter posts what customers write, and is posted what is answered.

`protocol` is what travels, `gateway` takes it in, `sender` brings it out; the HTTP of both is
`channels/http/messengers.py`. What a public messenger speaks is known to its adapter alone.
"""
