"""The area tree of a request: names, ways up and down, and what lies in an area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from geoinspect.errors import NotFoundError
from geoinspect.records import Level
from geoinspect.store.schema import AreaRow
from webmap.scope import Scope

_LEVELS = [level.value for level in Level]


@dataclass(frozen=True)
class AreaTree:
    """All areas that one person may see."""

    rows: Sequence[AreaRow]
    unit_names: dict[str, str]

    @classmethod
    def of(cls, scope: Scope) -> AreaTree:
        """Return the tree of a scope."""
        return cls(scope.area_tree(), scope.unit_names())

    @cached_property
    def by_code(self) -> dict[str, AreaRow]:
        """Areas by code."""
        return {row.code: row for row in self.rows}

    @cached_property
    def _children(self) -> dict[str | None, list[AreaRow]]:
        found: dict[str | None, list[AreaRow]] = {}
        for row in self.rows:
            found.setdefault(row.parent_code, []).append(row)
        return found

    def area(self, code: str) -> AreaRow:
        """Return one area.

        Raises:
            NotFoundError: There is none that this person may see.
        """
        row = self.by_code.get(code)
        if row is None:
            raise NotFoundError(
                f"没有代码为“{code}”的辖区:请从县级重新进入",
                f"there is no area with the code {code!r}: start again from the county",
                code="no_such_area",
            )
        return row

    def tops(self) -> list[AreaRow]:
        """Return the areas that lie in no other that this person may see, the widest first."""
        tops = [r for r in self.rows if r.parent_code is None or r.parent_code not in self.by_code]
        return sorted(tops, key=lambda r: (_LEVELS.index(r.level), -r.area_m2, r.code))

    def root(self) -> AreaRow | None:
        """Return the widest area at the top of the tree; None for whoever sees none. Whoever has
        several tops finds the others in :meth:`tops`.
        """
        return next(iter(self.tops()), None)

    def children(self, code: str) -> list[AreaRow]:
        """Return the areas directly below one, by code."""
        return self._children.get(code, [])

    def way_to(self, code: str) -> list[AreaRow]:
        """Return the way from the top to an area, top first."""
        way = [self.area(code)]
        while (parent := way[0].parent_code) in self.by_code and parent is not None:
            if any(row.code == parent for row in way):
                break
            way.insert(0, self.by_code[parent])
        return way

    def codes_below(self, code: str) -> set[str]:
        """Return the codes of an area and of all below it."""
        found, waiting = {code}, [code]
        while waiting:
            for child in self._children.get(waiting.pop(), []):
                if child.code not in found:
                    found.add(child.code)
                    waiting.append(child.code)
        return found

    def as_json(self, row: AreaRow) -> dict[str, object]:
        """Return what a page shows of an area."""
        return {
            "code": row.code,
            "name": row.name,
            "level": row.level,
            "unit": self.unit_name(row.unit_code),
            "bbox": [row.west, row.south, row.east, row.north],
        }

    def unit_name(self, code: str | None) -> str | None:
        """Return a unit's name, its code where it has none, None for no unit."""
        return None if code is None else self.unit_names.get(code, code)
