"""How a run lies on disk: names of files, tables, keys."""

from __future__ import annotations

import zlib
from typing import TypeAlias

from gepa_core.types import Outcome, Purpose, Split

FILE = "run.sqlite"
LOG = f"{FILE}-wal"
LOCK = "run.lock"
TALLY = "run.tally"

APPLICATION_ID = 0x47455041  # "GEPA"
VERSION = 1

OutcomeKey: TypeAlias = tuple[str, Split, str, int]
"""Candidate id, split, example id, draw."""

Record: TypeAlias = tuple[str, Split, str, int, Purpose, bytes, int]
"""The row of an outcome: its key, purpose, body, seal."""

SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL);
CREATE TABLE proposals (number INTEGER PRIMARY KEY, body TEXT NOT NULL, seal INTEGER NOT NULL);
CREATE TABLE outcomes (
    candidate TEXT, split TEXT, example TEXT, draw INTEGER,
    purpose TEXT NOT NULL, proposal INTEGER, body BLOB NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (candidate, split, example, draw)
);
CREATE TABLE dictionaries (candidate TEXT PRIMARY KEY, body BLOB NOT NULL, seal INTEGER NOT NULL);
CREATE TABLE answers (
    number INTEGER, prompt TEXT, occurrence INTEGER, body TEXT NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (number, prompt, occurrence)
);
CREATE TABLE faults (
    number INTEGER NOT NULL, purpose TEXT NOT NULL, body TEXT NOT NULL, seal INTEGER NOT NULL
);
CREATE INDEX faults_by_number ON faults (number);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


def outcome_key(outcome: Outcome) -> OutcomeKey:
    """What an outcome is found by."""
    return outcome.candidate, outcome.split, outcome.example, outcome.draw


def seal_of(body: str | bytes, *key: object) -> int:
    """The checksum of a row: of its key and its body, so that neither can change unnoticed."""
    data = body.encode(errors="surrogatepass") if isinstance(body, str) else body
    return zlib.crc32(data, zlib.crc32(repr(key).encode()))
