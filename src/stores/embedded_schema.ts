import type { DatabaseSync } from 'node:sqlite';
import { indexStoredDocuments } from './embedded_indexing.ts';

/** What brings the tables a step further, inside a transaction. */
export type Migration = string | ((connection: DatabaseSync) => void);

/**
 * The tables, as the steps that made them. A released step is never changed: what a newer program needs is a further step, and
 * `user_version` counts the steps a file has behind it.
 */
export const MIGRATIONS: readonly Migration[] = [
  `
  -- Token records. 'family' names the family they end with; 'value' is what record_codec.ts writes.
  CREATE TABLE records (
    kind TEXT NOT NULL,
    tag TEXT NOT NULL,
    hash TEXT NOT NULL,
    family TEXT,
    expires_at INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (hash, tag, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_by_expiry ON records (expires_at);
  CREATE INDEX records_by_family ON records (family, tag) WHERE family IS NOT NULL;

  -- The families of a user or a client.
  CREATE TABLE listings (
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    family TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (owner, family, tag)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX listings_by_owner ON listings (owner, expires_at);
  CREATE INDEX listings_by_family ON listings (family, tag);
  CREATE INDEX listings_by_expiry ON listings (expires_at);

  -- Access tokens that other processes may have cached, for them to poll. AUTOINCREMENT: a number is never used twice,
  -- so a gap means that messages were missed.
  CREATE TABLE invalidations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL,
    at INTEGER NOT NULL,
    hashes TEXT NOT NULL
  ) STRICT;

  CREATE TABLE documents (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE counters (
    key TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counters_by_end ON counters (ends_at);
  `,
  `
  -- What documents are found by: see document_index.ts.
  CREATE TABLE document_words (
    kind TEXT NOT NULL,
    least INTEGER NOT NULL,
    word TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (kind, least, word, id)
  ) STRICT, WITHOUT ROWID;
  `,
  indexStoredDocuments,
  `
  -- What was done. Only the program itself knows what is old enough to go: for everybody else a deletion is an error too.
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    target TEXT,
    value TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_time ON audit (at);
  CREATE INDEX audit_by_actor ON audit (actor, at);
  CREATE INDEX audit_by_target ON audit (target, at) WHERE target IS NOT NULL;
  CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'what was done cannot be changed');
  END;
  CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
  WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'what was done cannot be changed');
  END;
  CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit WHEN gatehouse_keeps(OLD.at) BEGIN
    SELECT RAISE(ABORT, 'what was done cannot be taken away yet');
  END;
  `,
];
