"""Events on their way from who publishes them to who reads them.

One process: `local.py`. A reader who was away: `resume.py`.
"""
