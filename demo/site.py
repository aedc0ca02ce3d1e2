"""The operator's web site, as far as it has part: it vouches for its user who is signed in."""

import time
from typing import Final

import jwt

KEY_NAME: Final = "WARMLINE_SITE_KEY"
"""Of the environment, where config/examples/demo.yaml looks for the key."""
ISSUER: Final = "https://shop.warmline.test"
AUDIENCE: Final = "warmline"
WIDGET: Final = "app"
USER: Final = "user-4711"
NAME: Final = "Lena Hart"
MAIL_ADDRESS: Final = "lena.hart@example.com"
"""A domain that is kept for examples (RFC 2606)."""
TOKEN_S: Final = 600


def identity(key: str, phone_number: str) -> str:
    """Return the JSON Web Token of the user: who he is, and which addresses are his too."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": USER,
        "exp": int(time.time()) + TOKEN_S,
        "name": NAME,
        "email": MAIL_ADDRESS,
        "phone_number": phone_number,
    }
    return jwt.encode(claims, key, algorithm="HS256")
