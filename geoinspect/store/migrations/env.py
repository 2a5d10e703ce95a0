"""Alembic's entry: migrate on the connection that the store hands over."""

from __future__ import annotations

from alembic import context

from geoinspect.store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
