"""Where studies are kept: a journal in a folder, or a database."""

from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage

from facealign.config import UserError

JOURNAL = "study.journal"


def open_storage(address: str | None, folder: Path, *, alone: bool) -> optuna.storages.BaseStorage:
    """The storage of a search's studies.

    Args:
        address: Of a database, as SQLAlchemy writes it; None: the journal in ``folder``.
        folder: Of the search; made if it is not there.
        alone: Nobody else writes to the journal as long as this process does, so what a killed writer left is mended.

    Raises:
        UserError: The database does not answer, or its driver is not installed.
    """
    if address is not None:
        return _database(address)
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / JOURNAL
    if alone:
        _mend(journal)
    return JournalStorage(JournalFileBackend(str(journal)))


def _database(address: str) -> optuna.storages.BaseStorage:
    try:
        return optuna.storages.get_storage(address)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"storage {_without_password(address)}: {reason}; start the database or mend the address "
            "(postgresql://user@host/name, with psycopg2 installed), or leave storage out for a journal file"
        ) from None


def _without_password(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def _mend(journal: Path) -> None:
    """Free the lock that a killed writer held, and cut off the line that it had begun.

    Optuna would wait half a minute for the one, and read nothing that is written behind the other.
    """
    Path(f"{journal}.lock").unlink(missing_ok=True)
    if not journal.exists():
        return
    with journal.open("r+b") as stream:
        content = stream.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            stream.truncate(whole)
