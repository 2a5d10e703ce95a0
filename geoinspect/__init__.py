"""geoinspect: know which ground was looked at, what was found, and how sure one may be.

The line, in the order data meets it: ``ingest`` reads files, ``detect`` marks patches,
``coverage`` says which ground was seen, ``store`` keeps it all, ``pipeline`` joins the steps,
and ``webmap`` shows the result. Start reading at :mod:`geoinspect.pipeline`.
"""

__version__ = "0.1.0"
