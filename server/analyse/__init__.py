"""What `analyse` does: recordings judged as a live call is, many files scored, a call followed.

`course` sends a recording through the ear, the model and the alert desk of a running call;
`show` and `plot` tell what came of it. `clips` scores many recordings, each by itself;
`manifest` reads and writes their tables and `truth` compares them with what is known. `follow`
reads the events of a running node.
"""
