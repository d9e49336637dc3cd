"""The errors of ``keyring.errors``."""


class KeyringError(Exception):
    pass


class PasswordDeleteError(KeyringError):
    pass


class KeyringLocked(KeyringError):
    pass
