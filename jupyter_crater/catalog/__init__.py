"""What is known before anything runs: models, GPUs and engines, as data with thin loaders.

Every loader reads its file on first use; importing these modules costs nothing.
"""

import json
from importlib.resources import files
from typing import Any


def data(file: str) -> Any:
    """What a data file of the catalog holds."""
    return json.loads(files(__package__).joinpath(file).read_text("utf-8"))
