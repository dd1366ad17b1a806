"""A home's keys, opened as a controller would, and not touched: opening may seal the trust document anew, so a copy is opened."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from controller import keyfile
from controller.domain.errors import Refused
from controller.service.keyring import Keyring


def opened_copy(home: Path, now_ms: int, issuer: str) -> Keyring | None:
    """The keyring of `home`, None if there is none; Refused("keys.*") with the paths of the home itself, OSError.

    The copy is in a folder of the system's temporary ones that only we may enter, for as long as it takes to read it.
    """
    folder = home / keyfile.FOLDER
    if not folder.exists():
        return None
    with tempfile.TemporaryDirectory(prefix="tienglang-keys-") as copy:
        shutil.copytree(folder, Path(copy) / keyfile.FOLDER)
        try:
            return keyfile.open_existing(Path(copy), now_ms, issuer)
        except Refused as error:
            raise Refused(
                error.code, **{name: str(value).replace(copy, str(home)) for name, value in error.fields.items()}
            ) from None
