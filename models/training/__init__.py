"""Training: from the folder of recordings to the committed weights, by one command.

Stands outside: nothing that serves calls imports it, and it alone needs PyTorch.
"""
