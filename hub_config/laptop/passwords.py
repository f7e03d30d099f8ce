"""Who may log in: a list of users, each with a generated password of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode

# scrypt's cost (RFC 7914): 16 MiB and about 50 ms a guess
SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 characters, none of which look alike
GROUPS, GROUP_LENGTH = 4, 4  # 16 characters of 5 bits


def new_password() -> str:
    """Make a password of 80 random bits that a person can copy from a table.

    Returns
    -------
    str
        Such as ``k7qf-2mzt-9xwp-ahn4``.
    """
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


class PasswordFile:
    """A file of salted scrypt hashes, one per user, that only its owner can read.

    Parameters
    ----------
    path : Path
        JSON file; need not exist.
    """

    def __init__(self, path: Path):
        self.path = path

    def users(self) -> set[str]:
        """Everybody who has a password."""
        return set(self._read())

    def create(self, users: Iterable[str]) -> dict[str, str]:
        """Give each of these users a new password, in place of an old one.

        Parameters
        ----------
        users : iterable of str
            Names; nobody else's password changes.

        Returns
        -------
        dict of str to str
            The new passwords. This is the only moment at which anybody can read them.
        """
        passwords = {user: new_password() for user in users}
        hashes = self._read()
        for user, password in passwords.items():
            salt = secrets.token_bytes(16)
            hashes[user] = {"salt": salt.hex(), "hash": _scrypt(password, salt).hex()}
        self._write(hashes)
        return passwords

    def verify(self, user: str, password: str) -> bool:
        """Compare in constant time; an unknown user takes as long as a wrong password.

        Parameters
        ----------
        user, password : str
            What somebody typed.

        Returns
        -------
        bool
            True for this user's password only.
        """
        entry = self._read().get(user, {"salt": "", "hash": ""})
        found = _scrypt(password, bytes.fromhex(entry["salt"]))
        return hmac.compare_digest(found, bytes.fromhex(entry["hash"]))

    def _read(self) -> dict[str, dict[str, str]]:
        return dict(json.loads(self.path.read_text())) if self.path.exists() else {}

    def _write(self, hashes: dict[str, dict[str, str]]) -> None:
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(new, flags, 0o600), "w") as file:
            json.dump(hashes, file, indent=1)
        new.replace(self.path)


class RosterAuthenticator(Authenticator):
    """Logs in the users on the list, each with the password made for them."""

    password_file = Unicode(help="Path of the file of hashes (`PasswordFile`).").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Check a login form.

        Parameters
        ----------
        handler : tornado.web.RequestHandler
            Not used.
        data : dict
            The form: ``username`` and ``password``.

        Returns
        -------
        str or None
            The user's name, or None where the password is not that user's.
        """
        user = self.normalize_username(data.get("username", ""))
        known = PasswordFile(Path(self.password_file)).verify(user, data.get("password", ""))
        return user if known and user in self.allowed_users else None

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Log out whoever is no longer on the list.

        Parameters
        ----------
        user : jupyterhub.user.User
            Somebody with a valid session.
        handler : tornado.web.RequestHandler, optional
            Not used.

        Returns
        -------
        bool
            Whether the session goes on.
        """
        return user.name in self.allowed_users


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **SCRYPT)
