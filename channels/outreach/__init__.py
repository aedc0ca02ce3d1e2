"""Outreach: messages that customers are sent of our own accord, where they wish and allow it."""
