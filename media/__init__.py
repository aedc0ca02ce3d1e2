"""Hearing: from tapped frames to speech segments, pauses, overlap and turns.

The way of a frame: `taps` reads it from the cell's socket, `timeline` finds its place in
time, `activity` says whether it holds speech, `level` and `pitch` measure the customer's
voice (an agent's voice is judged for presence alone), `ear` gathers speech into segments,
`listener` and `turns` turn two speakers' segments into what is reported. `worker` runs all
of it for many calls in a process of its own; `hearing` is the node's side of that process.
"""
