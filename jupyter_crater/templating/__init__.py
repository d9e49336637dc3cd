"""Templates: typed parameters, texts in three languages, and a body that renders to a JobSpec.

    >>> from jupyter_crater import templating
    >>> spec = templating.template("deepseek-r1-distributed").render({"max_num_seqs": 16})

Forms, widgets, the CLI and Python keywords all come from :meth:`Template.schema`. The file format
is told in docs/templates.md.
"""

from .definition import LANGUAGES, Template
from .discovery import Broken, Library, broken, library, template, templates
from .parameters import RESERVED, Parameter

__all__ = [
    "LANGUAGES",
    "RESERVED",
    "Broken",
    "Library",
    "Parameter",
    "Template",
    "broken",
    "library",
    "template",
    "templates",
]
