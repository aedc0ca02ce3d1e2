"""What callers and agents hear: WAV files in Chinese and English, and how they are put together.

Ours lie in `en/` and `zh/`, music for any language beside them. They were made from `texts.py`
by `make_prompts.py`; an operator puts his own in the folder of `prompts.folder`.
"""

from config.prompts.library import PromptError, PromptLibrary

__all__ = ["PromptError", "PromptLibrary"]
