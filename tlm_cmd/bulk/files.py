"""Columns on disk: one NumPy archive for programs, or a table of text per packet for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from tlm_cmd.bulk.columns import Array, Column, PacketColumns, Ragged
from tlm_cmd.definition.field_layout import Kind

HEADER_COLUMNS = ("time_ns", "sequence")


def write_archive(path: Path, packets: Mapping[str, PacketColumns], *, raw: bool = False) -> None:
    """Write columns as an ``.npz`` file; ``numpy.load`` reads it.

    Arrays are called ``PACKET/field``, in engineering units unless ``raw``, beside ``PACKET/time_ns`` and
    ``PACKET/sequence``. A field whose rows have different lengths takes several: ``PACKET/field/values`` and, from the
    outside in, ``PACKET/field/starts`` with where each row begins, see `Ragged`.
    """
    arrays: dict[str, Array] = {}
    for name, columns in packets.items():
        for column in HEADER_COLUMNS:
            arrays[f"{name}/{column}"] = getattr(columns, column)
        for field in columns.fields:
            _flatten(f"{name}/{field}", columns.raw[field] if raw else columns.engineering(field), arrays)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def write_tables(folder: Path, packets: Mapping[str, PacketColumns], *, raw: bool = False) -> list[Path]:
    """Write one ``.csv`` file per packet into a folder, which is made; returns them.

    Enumerations stand there by name and texts as texts, unless ``raw``; arrays with spaces between their items.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, columns in packets.items():
        path = folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*HEADER_COLUMNS, *columns.fields])
            cells = [list(map(str, getattr(columns, column).tolist())) for column in HEADER_COLUMNS]
            cells += [list(_cells(columns, field, raw=raw)) for field in columns.fields]
            writer.writerows(zip(*cells, strict=True))
        written.append(path)
    return written


def _flatten(name: str, column: Column, arrays: dict[str, Array]) -> None:
    depth = ""
    while isinstance(column, Ragged):
        arrays[f"{name}{depth}/starts"] = column.starts
        depth += "/items"
        column = column.values
    arrays[f"{name}{depth}/values" if depth else name] = column


def _cells(columns: PacketColumns, field: str, *, raw: bool) -> Iterator[str]:
    """One cell per packet."""
    layout, column = columns.fields[field], columns.raw[field] if raw else columns.engineering(field)
    is_single = not isinstance(column, Ragged) and column.ndim == 1
    if not raw and layout.labels and is_single:
        return iter(columns.labels(field))
    if not raw and layout.kind is Kind.TEXT:
        try:
            return iter(columns.texts(field))
        except KeyError:
            pass
    return (_cell(column[row]) for row in range(len(columns)))


def _cell(value: Column) -> str:
    if isinstance(value, Ragged):
        return " ".join(_cell(value[row]) for row in range(len(value)))
    return " ".join(map(str, np.asarray(value).ravel().tolist()))
