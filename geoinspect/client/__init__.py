"""A small client of the API, for scripts and for the tests: :class:`Client`."""

from geoinspect.client.client import Client
from geoinspect.client.connection import ApiError, Patience

__all__ = ["ApiError", "Client", "Patience"]
