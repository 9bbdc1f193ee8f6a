"""What is shown to the verifiers, and what they must do with it."""
from base64 import b64decode
from typing import NamedTuple

from generate import Files

# Exit 1, 0, 3 and 2; a verifier is not asked where its verdict is UNASKED.
REFUSE, ACCEPT, UNPROVEN, USAGE, UNASKED = "refused", "accepted", "unproven", "usage", "unasked"


class Trial(NamedTuple):
    files: Files
    python: str = REFUSE
    go: str = ""                                # where empty: by the files that changed
    says: str = ""                              # expression found in what verify.py prints
    logs: tuple[str, ...] | None = None         # verifier keys to give, where not those of the good export
    witnesses: tuple[str, ...] | None = None
    against: bytes = b""                        # checkpoint for --against
    proof: str = ""                             # the file to verify as a proof


def stray(line: bytes) -> bytes:
    """The line with a bit set that says nothing, in the padded base64 at its end."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    head, blank, code = line.rpartition(b" ")
    body = code.rstrip(b"=")
    other = body[:-1] + alphabet[alphabet.index(body[-1]) + 1:][:1] + code[len(body):]
    assert other != code and b64decode(other) == b64decode(code)
    return head + blank + other
