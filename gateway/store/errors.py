"""What can go wrong with the store, named by what happens next.

StoreError              nobody raises it itself
├── UnavailableError    ask again later: the disk is full, the database is away, or too much waits to be written
├── InUseError          stop the other gateway first: it holds the same file
├── OutdatedError       run `gateway migrate`
├── NewerError          the store was made by a later version: run that one
├── WrongKeyError       give the key that the store was written with
└── NoStoreError        name one: the operator said that there is none
"""

from __future__ import annotations


class StoreError(Exception):
    """`str()` of it is a plain sentence for operators, without addresses, passwords or personal data."""


class UnavailableError(StoreError):
    def __init__(self, sentence: str = "The store cannot be written or read now.") -> None:
        super().__init__(sentence)


class InUseError(StoreError):
    def __init__(self) -> None:
        super().__init__(
            "Another gateway uses this store already. One SQLite file serves one process: stop the other one, or give "
            "both a PostgreSQL database by `[store] url`."
        )


class OutdatedError(StoreError):
    def __init__(self) -> None:
        super().__init__(
            "The store is older than this version of the gateway: run `gateway migrate`, then start again."
        )


class NewerError(StoreError):
    def __init__(self) -> None:
        super().__init__("The store was made by a later version of the gateway: run that version, or another store.")


class WrongKeyError(StoreError):
    def __init__(self) -> None:
        super().__init__("The store was written with another key: give it as `[store] key` or `previous_key`.")


class NoStoreError(StoreError):
    def __init__(self) -> None:
        super().__init__("Nothing is kept, since `[store] url` is empty: name a file or a database.")
