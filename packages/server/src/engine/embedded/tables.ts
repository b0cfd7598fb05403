/** The tables of durable rooms and every statement on them. Knows SQL and row shapes; decides nothing. */
import type { DatabaseSync } from 'node:sqlite'

export const migrations: readonly string[] = [
  `
  -- What is true of the whole database: 'commits', how many groups were committed, and 'epoch', that of rooms not yet written.
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    top INTEGER NOT NULL,
    keep INTEGER NOT NULL,
    for_ms INTEGER NOT NULL
  ) STRICT;
  -- body: the event as JSON, without its offset. at: when it was appended, ms since 1970.
  CREATE TABLE event (
    room INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (room, offset)
  ) STRICT, WITHOUT ROWID;
  -- What a repeat is answered with, and no more: the event's own row may be trimmed while the key still counts.
  CREATE TABLE idempotency (
    room INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    PRIMARY KEY (room, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_at ON idempotency (at);
  CREATE TABLE unreacted (
    id TEXT PRIMARY KEY,
    room INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]

export type RoomRow = {
  readonly id: number
  readonly epoch: string
  readonly top: number
  readonly keep: number
  readonly for_ms: number
}
export type KeyRow = { readonly offset: number; readonly id: string; readonly timestamp: string }
export type EventRow = { readonly offset: number; readonly at: number; readonly body: string }

/** Every statement, prepared once. */
export const prepareTables = (database: DatabaseSync) => {
  const sql = (text: string) => database.prepare(text)
  return {
    getMeta: sql('SELECT value FROM meta WHERE name = ?'),
    setMeta: sql(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ),
    lastRoomId: sql('SELECT coalesce(max(id), 0) AS id FROM room'),
    findRoom: sql('SELECT id, epoch, top, keep, for_ms FROM room WHERE key = ?'),
    saveRoom: sql(`INSERT INTO room (id, key, epoch, top, keep, for_ms) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET
        epoch = excluded.epoch, top = excluded.top, keep = excluded.keep, for_ms = excluded.for_ms`),
    removeRoom: sql('DELETE FROM room WHERE id = ?'),
    renewEpochs: sql('UPDATE room SET epoch = lower(hex(randomblob(6)))'),
    roomsAfter: sql('SELECT id, epoch, top, keep, for_ms FROM room WHERE id > ? ORDER BY id LIMIT ?'),

    addEvent: sql('INSERT INTO event (room, offset, at, body) VALUES (?, ?, ?, ?)'),
    firstYounger: sql('SELECT offset, at FROM event WHERE room = ? AND offset >= ? AND at > ? ORDER BY offset LIMIT 1'),
    eventsUp: sql('SELECT offset, at, body FROM event WHERE room = ? AND offset BETWEEN ? AND ? ORDER BY offset'),
    eventsDown: sql(
      'SELECT offset, at, body FROM event WHERE room = ? AND offset BETWEEN ? AND ? ORDER BY offset DESC',
    ),
    lowestOffset: sql('SELECT min(offset) AS offset FROM event WHERE room = ?'),
    // Ends at the first that it finds, which in most rooms is the oldest event of all.
    firstYoungIn: sql(
      'SELECT offset FROM event WHERE room = ? AND offset >= ? AND offset < ? AND at > ? ORDER BY offset LIMIT 1',
    ),
    trimEvents: sql('DELETE FROM event WHERE room = ? AND offset < ?'),

    findKey: sql('SELECT offset, id, timestamp FROM idempotency WHERE room = ? AND key = ? AND at > ?'),
    addKey: sql(`INSERT OR REPLACE INTO idempotency (room, key, at, offset, id, timestamp)
      VALUES (?, ?, ?, ?, ?, ?)`),
    // Time during which no process ran does not count for keys of what may have to be done again.
    renewKeys: sql('UPDATE idempotency SET at = ? WHERE at >= (SELECT min(at) FROM unreacted)'),
    expireKeys: sql(`DELETE FROM idempotency WHERE (room, key) IN
      (SELECT room, key FROM idempotency WHERE at <= ? ORDER BY at LIMIT ?)`),

    addUnreacted: sql('INSERT OR REPLACE INTO unreacted (id, room, offset, at, body) VALUES (?, ?, ?, ?, ?)'),
    unreactedIds: sql('SELECT id FROM unreacted'),
    listUnreacted: sql('SELECT offset, at, body FROM unreacted ORDER BY at, room, offset'),
    removeUnreacted: sql('DELETE FROM unreacted WHERE id = ?'),

    forgetEvents: sql('DELETE FROM event WHERE room = ?'),
    forgetKeys: sql('DELETE FROM idempotency WHERE room = ?'),
    forgetUnreacted: sql('DELETE FROM unreacted WHERE room = ?'),
  }
}

export type Tables = ReturnType<typeof prepareTables>
