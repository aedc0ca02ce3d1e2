"""Mail: read with care, told apart by conversation, and answered.

`reader.MailReading` bounds a mail and has it parsed in a process of its own (`worker`): hostile
bytes never meet the event loop. `parsed` is what comes out of it, `thread` says to which
conversation it belongs, `origin` what speaks for its sender.
"""
