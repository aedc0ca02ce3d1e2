"""Prediction: what a customer is likely to need next, said only where it beats the most popular.

The model and its proof are pure; `service.py` feeds them and shows what comes of it.
"""
