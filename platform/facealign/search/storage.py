"""Storages of studies: a journal in a folder, or a database."""

import re
from pathlib import Path
from typing import TypeAlias

import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from sqlalchemy.exc import SQLAlchemyError

from facealign.config import UserError

JOURNAL = "study.journal"

Storage: TypeAlias = optuna.storages.BaseStorage
"""Holds studies by name."""


def open_storage(address: str | None, folder: Path, *, alone: bool) -> Storage:
    """The storage of a search's studies.

    Args:
        address: Of a database, as SQLAlchemy writes it; None: the journal in ``folder``.
        folder: Of the search; made if it is not there.
        alone: Nobody else writes to the journal meanwhile, so what a killed writer left is fixed.

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


def study_names(storage: Storage) -> list[str]:
    """List the names of the studies in a storage."""
    return [study.study_name for study in storage.get_all_studies()]


def without_password(address: str) -> str:
    """A database's address as others may read it; the password then comes from PGPASSWORD or ~/.pgpass."""
    scheme, mark, rest = address.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{account.partition(':')[0]}{at}{place}"


def _database(address: str) -> Storage:
    try:
        return optuna.storages.get_storage(_with_driver(address))
    except (ImportError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"storage {without_password(address)}: {reason}; start the database or fix the address "
            "(postgresql://user@host/name; its driver: pip install 'facealign[postgres]'), or leave storage out "
            "for a journal file"
        ) from None


def _with_driver(address: str) -> str:
    """PostgreSQL by the driver that the extra installs: what SQLAlchemy takes unasked depends on its version."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", address)


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
