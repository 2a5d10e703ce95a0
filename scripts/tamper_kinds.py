"""Ways to tamper with an office's database and its evidence files, one function each."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from tamper_tools import Tampering, Tools, like, one, raw_of, seal

from geoinspect.store.seals import APPEND_ONLY

NEVER_CHANGED = sorted(kind.__tablename__ for kind in APPEND_ONLY)
ODD_IDS = (0, -1, -(2**63), 2**63 - 1, 1000)


def flip_bit(tools: Tools) -> Tampering | None:
    """One bit of one value."""
    table, row_id, column, value = _pick_value(tools)
    if value is None:
        return None
    if isinstance(value, int):
        changed: Any = value ^ (1 << tools.dice.randrange(63))
    elif isinstance(value, float):
        bits = struct.unpack("<q", struct.pack("<d", value))[0] ^ (1 << tools.dice.randrange(63))
        changed = struct.unpack("<d", struct.pack("<q", bits))[0]
    else:
        raw = bytearray(raw_of(value))
        if not raw:
            return None
        raw[tools.dice.randrange(len(raw))] ^= 1 << tools.dice.randrange(8)
        changed = like(value, bytes(raw))
    return _write(tools, table, row_id, column, changed)


def flip_text(tools: Tools) -> Tampering | None:
    """One byte of a text or a blob changed, put in, taken out, or the value cut short."""
    table, row_id, column, value = _pick_value(tools)
    if value is None or isinstance(value, int | float):
        return None
    raw = bytearray(raw_of(value))
    at, way = tools.dice.randrange(len(raw) + 1), tools.dice.randrange(4)
    if way == 0:
        raw[at : at + 1] = bytes([tools.dice.randrange(256)])
    elif way == 1:
        raw[at:at] = bytes([tools.dice.choice(b' 0a"\x00')])
    elif way == 2:
        del raw[at : at + 1]
    else:
        del raw[at:]
    return _write(tools, table, row_id, column, like(value, bytes(raw)))


def other_type(tools: Tools) -> Tampering | None:
    """The same value, or nearly, in another type."""
    table, row_id, column, value = _pick_value(tools)
    raw = raw_of(value) if isinstance(value, str | bytes) else str(value).encode()
    ways: list[Any] = [raw, raw.decode("utf-8", "surrogateescape"), len(raw), 0.5, b"", ""]
    return _write(tools, table, row_id, column, tools.dice.choice(ways))


def set_null(tools: Tools) -> Tampering | None:
    """One value taken away."""
    table, row_id, column, _ = _pick_value(tools)
    return None if column == "id" else _write(tools, table, row_id, column, None)


def garble_json(tools: Tools) -> Tampering | None:
    """A JSON value made another one, or none."""
    table = tools.dice.choice([t for t in tools.tables if _json_columns(tools, t)])
    row_id = tools.dice.choice(tools.ids(table))
    column = tools.dice.choice(_json_columns(tools, table))
    ways = ["", "{", "null", "[]", "[" * 5000, "1" * 5000, '{"sealed": [[1]]}', '{"sealed": 7}']
    value = tools.row(table, row_id)[column]
    return _write(tools, table, row_id, column, tools.dice.choice([*ways, f" {value}"]))


def delete_row(tools: Tools) -> Tampering:
    """One row."""
    table = tools.table()
    row_id = tools.dice.choice(tools.ids(table))
    at_the_end = table == "audit" and row_id == tools.ids(table)[-1]
    tools.delete(table, row_id)
    return Tampering(f"delete {table} {row_id}", one(table, row_id), at_the_end)


def insert_copy(tools: Tools) -> Tampering:
    """A row once more under another number, as it is or with one value changed."""
    table = tools.table()
    ids = tools.ids(table)
    values = tools.row(table, tools.dice.choice(ids))
    new_id = tools.dice.choice([*ODD_IDS, max(ids) + 1, max(ids) + 1, max(ids) + 2])
    values["id"] = new_id
    for column in ("number", "client_id", "claim_hash", "code", "file_id", "seq"):
        if column in values and not (table == "evidence" and column == "file_id"):
            old = values[column]
            values[column] = old + 50 if isinstance(old, int) else f"{old}x"[:16]
    if tools.dice.random() < 0.5:
        column = tools.dice.choice([c for c in values if c != "id"])
        values[column] = tools.dice.choice(["x", 7, None, b"\xff"])
    tools.insert(table, values)
    return Tampering(f"insert {table} {new_id}", one(table, new_id, max(ids) + 1))


def swap_rows(tools: Tools) -> Tampering | None:
    """Two rows change places, or one value of each does."""
    table = tools.table()
    ids = tools.ids(table)
    if len(ids) < 2:
        return None
    first, second = sorted(tools.dice.sample(ids, 2))
    before, after = tools.row(table, first), tools.row(table, second)
    columns = [column for column in before if column != "id"]
    if tools.dice.random() < 0.3:
        columns = [tools.dice.choice(columns)]
    # Through odd values, so that no unique column sees the same one twice.
    tools.put(table, first, {c: f"~{k}" for k, c in enumerate(columns)})
    tools.put(table, second, {c: before[c] for c in columns})
    tools.put(table, first, {c: after[c] for c in columns})
    return Tampering(f"swap {table} {first} {second}", one(table, first, second))


def renumber(tools: Tools) -> Tampering:
    """A row gets another number."""
    table = tools.table()
    ids = tools.ids(table)
    row_id = tools.dice.choice(ids)
    new_id = tools.dice.choice([*ODD_IDS, max(ids) + 1, max(ids) + 2])
    tools.put(table, row_id, {"id": new_id})
    return Tampering(f"renumber {table} {row_id} {new_id}", one(table, row_id, new_id))


def reorder_chain(tools: Tools) -> Tampering:
    """Some audit rows in another order."""
    ids = tools.ids("audit")
    first = tools.dice.randrange(len(ids) - 1)
    chosen = ids[first : first + tools.dice.randint(2, 8)]
    order = tools.dice.sample(chosen, len(chosen))
    for k, row_id in enumerate(chosen):
        tools.put("audit", row_id, {"id": -100 - k})
    for k, row_id in enumerate(order):
        tools.put("audit", -100 - k, {"id": row_id})
    return Tampering(f"reorder audit {chosen} {order}", one("audit", *chosen))


def cut_tail(tools: Tools) -> Tampering:
    """The last rows of the chain are taken off."""
    ids = tools.ids("audit")
    left = tools.dice.randrange(len(ids))
    tools.copy.execute("DELETE FROM audit WHERE id > ?", [left])
    names = one("audit", ids[-1]) | _all_sealed(tools)
    return Tampering(f"cut the chain after {left}", names, needs_anchor=True)


def rewrite_chain(tools: Tools) -> Tampering:
    """An audit row changed or taken out, and every hash from there on made right."""
    ids = tools.ids("audit")
    first = tools.dice.choice(ids)
    if tools.dice.random() < 0.5:
        column = tools.dice.choice(["at", "actor", "action", "subject", "details"])
        tools.put("audit", first, {column: tools.dice.choice(["x", "{}", "2020-01-01"])})
    else:
        tools.delete("audit", first)
        tools.copy.execute("UPDATE audit SET id = -id WHERE id > ?", [first])
        tools.copy.execute("UPDATE audit SET id = -id - 1 WHERE id < 0")
    tools.rehash(first)
    names = one("audit", ids[-1]) | _all_sealed(tools)
    return Tampering(f"rewrite the chain from {first}", names, needs_anchor=True)


def rewrite_seal(tools: Tools) -> Tampering | None:
    """A sealed row changed, its seals in the chain made to fit, and every hash made right."""
    table = tools.dice.choice(tools.tables[1:])
    row_id = tools.dice.choice(tools.ids(table))
    columns = [c for c in ("note", "actor", "label", "title", "name") if c in tools.columns(table)]
    if not columns:
        return None
    tools.put(table, row_id, {columns[0]: "改过"})
    new = seal(tools, table, row_id)
    first = None
    for audit_id in tools.ids("audit"):
        details = json.loads(tools.row("audit", audit_id)["details"])
        mine = [s for s in details.get("sealed", []) if s[:2] == [table, row_id]]
        for entry in mine:
            entry[2] = new
        if mine:
            first = first or audit_id
            told = json.dumps(details, ensure_ascii=False, sort_keys=True)
            tools.put("audit", audit_id, {"details": told})
    if first is None:
        raise RuntimeError(f"{table} {row_id} has no seal")
    tools.rehash(first)
    last = tools.ids("audit")[-1]
    return Tampering(f"reseal {table} {row_id} from {first}", one("audit", last), needs_anchor=True)


def seal_again(tools: Tools) -> Tampering:
    """A row that is never changed is changed, and a right audit row appended that seals it."""
    table = tools.dice.choice(NEVER_CHANGED)
    row_id = tools.dice.choice(tools.ids(table))
    column = tools.dice.choice([c for c in tools.columns(table) if c not in {"id", "sha256"}])
    tools.put(table, row_id, {column: tools.dice.choice(["x", "[]", 7])})
    last = tools.ids("audit")[-1]
    details = json.dumps({"sealed": [[table, row_id, seal(tools, table, row_id)]]}, sort_keys=True)
    fields = [last + 1, "2027-05-03T00:00:00.000Z", "甲", "case.verify", "case 1", details]
    values = dict(zip(tools.columns("audit"), [*fields, ""], strict=True))
    tools.insert("audit", values)
    tools.rehash(last + 1)
    return Tampering(f"seal {table} {row_id} again", one(table, row_id))


def delete_with_audit(tools: Tools) -> Tampering:
    """A sealed row together with the audit rows that seal it."""
    table = tools.dice.choice(tools.tables[1:])
    row_id = tools.dice.choice(tools.ids(table))
    tools.delete(table, row_id)
    gone = [
        audit_id
        for audit_id in tools.ids("audit")
        if f'["{table}", {row_id}, ' in tools.row("audit", audit_id)["details"]
    ]
    for audit_id in gone:
        tools.delete("audit", audit_id)
    return Tampering(f"delete {table} {row_id} and audit {gone}", one("audit", *gone))


def drop_table(tools: Tools) -> Tampering:
    """A whole table, or a column of it."""
    table = tools.table()
    if tools.dice.random() < 0.5:
        tools.copy.execute(f'DROP TABLE "{table}"')
    else:
        tools.copy.execute(f'ALTER TABLE "{table}" RENAME TO somewhere')
    return Tampering(f"drop {table}", one(table, None))


def file_row(tools: Tools) -> Tampering | None:
    """The row of an evidence file goes, names another hash, or the evidence names another file."""
    linked = tools.copy.execute("SELECT id, file_id FROM evidence WHERE file_id > 0").fetchall()
    row_id, file_id = tools.dice.choice(linked)
    way = tools.dice.randrange(3)
    if way == 0:
        tools.delete("file", file_id)
    elif way == 1:
        tools.put("file", file_id, {"sha256": tools.dice.choice(["0" * 64, "", None, 5, b"\0"])})
    else:
        tools.put("evidence", row_id, {"file_id": tools.dice.choice([None, 99, "x"])})
    return Tampering(f"file row {file_id}, way {way}", one("evidence", row_id))


def vault_file(tools: Tools) -> Tampering | None:
    """The bytes of an evidence file."""
    name, other = tools.dice.sample(_evidence_files(tools), 2)
    path, data = tools.vault.path_of(name), bytearray(tools.files[name])
    way = tools.dice.randrange(8)
    if way == 0:
        data[tools.dice.randrange(len(data))] ^= 1 << tools.dice.randrange(8)
    elif way == 1:
        del data[tools.dice.randrange(len(data)) :]
    elif way == 2:
        data += tools.dice.randbytes(tools.dice.randint(1, 9))
    elif way == 3:
        data[:] = tools.files[other]
    elif way == 4:
        data.insert(tools.dice.randrange(len(data)), 0)
    names = frozenset({("file", name)})
    if way < 5:
        path.write_bytes(data)
    else:
        path.unlink()
    if way == 6:
        path.mkdir()
    elif way == 7:
        path.symlink_to(tools.vault.path_of(other))
    return Tampering(f"file {name[:8]}, way {way}", names)


def swap_files(tools: Tools) -> Tampering:
    """Two evidence files change places."""
    name, other = tools.dice.sample(_evidence_files(tools), 2)
    tools.vault.path_of(name).write_bytes(tools.files[other])
    tools.vault.path_of(other).write_bytes(tools.files[name])
    return Tampering(f"swap {name[:8]} {other[:8]}", frozenset({("file", name), ("file", other)}))


def database_bytes(tools: Tools) -> Tampering:
    """Some bytes of the database's file, wherever they lie; what can't be read is found too."""
    data = bytearray(tools.copy.serialize())
    for _ in range(tools.dice.randint(1, 20)):
        data[tools.dice.randrange(100, len(data))] = tools.dice.randrange(256)
    tools.copy.deserialize(bytes(data))
    return Tampering("bytes of the database", frozenset())


KINDS: dict[str, Callable[[Tools], Tampering | None]] = {
    make.__name__: make
    for make in (
        *(flip_bit, flip_text, other_type, set_null, garble_json),
        *(delete_row, insert_copy, swap_rows, renumber, reorder_chain),
        *(cut_tail, rewrite_chain, rewrite_seal, seal_again, delete_with_audit),
        *(drop_table, file_row, vault_file, swap_files, database_bytes),
    )
}


def _pick_value(tools: Tools) -> tuple[str, int, str, Any]:
    table = tools.table()
    row_id = tools.dice.choice(tools.ids(table))
    column, value = tools.dice.choice([*tools.row(table, row_id).items()])
    return table, row_id, column, value


def _write(tools: Tools, table: str, row_id: int, column: str, value: object) -> Tampering | None:
    if column == "id" and type(value) is not int:
        return None
    tools.put(table, row_id, {column: value})
    rows = (row_id, value) if column == "id" else (row_id,)
    return Tampering(f"{table} {row_id} {column} = {str(value)[:60]!r}", one(table, *rows))


def _json_columns(tools: Tools, table: str) -> list[str]:
    known = ("details", "facts", "answers", "files", "checklist")
    return [column for column in tools.columns(table) if column in known]


def _evidence_files(tools: Tools) -> list[str]:
    """Hashes of the files that evidence, answers and tips name."""
    found = {row[0] for row in tools.copy.execute("SELECT sha256 FROM evidence") if row[0]}
    for table in ("site_answer", "tip"):
        for (listed,) in tools.copy.execute(f"SELECT files FROM {table}"):
            found.update(entry["sha256"] for entry in json.loads(listed))
    return sorted(found)


def _all_sealed(tools: Tools) -> frozenset[tuple[str, object]]:
    """Every sealed row: without the audit rows that seal them, the first of them is named."""
    return frozenset((t, row_id) for t in tools.tables[1:] for row_id in tools.ids(t))
