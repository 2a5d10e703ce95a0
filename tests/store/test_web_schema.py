"""The tables of the models are those that the migrations make."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import sqlalchemy as sa

import geoinspect.store
from geoinspect.store.schema import Base
from geoinspect.store.workspace import DATABASE_NAME, Workspace

SCHEMAS = sorted(p.stem for p in Path(geoinspect.store.__file__).parent.glob("*schema.py"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> sa.Inspector:
    folder = tmp_path_factory.mktemp("tables") / "w"
    Workspace.create(folder).close()
    return sa.inspect(sa.create_engine(f"sqlite:///{folder / DATABASE_NAME}"))


def test_models_and_migrations_agree(made: sa.Inspector) -> None:
    for name in SCHEMAS:
        importlib.import_module(f"geoinspect.store.{name}")
    for table in Base.metadata.tables.values():
        columns = {column["name"]: column for column in made.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}, table.name
        for column in table.columns:
            if not column.primary_key:
                assert columns[column.name]["nullable"] == column.nullable, (
                    table.name,
                    column.name,
                )
