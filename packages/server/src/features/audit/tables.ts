/** The tables of the audit. Rows are added and never changed: the database itself refuses it, on SQLite and PostgreSQL alike. */
import type { OfTenant, Schema } from '../../store/tables.ts'

export type AuditEntryTable = OfTenant & {
  readonly number: number
  readonly at: number
  readonly action: string
  readonly actor_kind: string
  readonly actor_id: string | null
  readonly subject: string | null
  /** JSON, as it went into the hash. */
  readonly detail: string | null
  readonly hash: string
}

/** The end of each chain. Whoever appends locks it first. */
export type AuditHeadTable = OfTenant & {
  readonly number: number
  readonly hash: string
  /** Number of the last row that was signed. */
  readonly signed: number
  /** When its end is to be signed; null when it is. */
  readonly due_at: number | null
}

export type AuditStatementTable = OfTenant & {
  readonly number: number
  readonly kind: string
  readonly hash: string
  readonly at: number
  readonly public_key: string
  readonly signature: string
}

declare module '../../store/tables.ts' {
  interface Tables {
    audit_entry: AuditEntryTable
    audit_head: AuditHeadTable
    audit_statement: AuditStatementTable
  }
}

const refusal = 'what stands in the audit is never changed'
/** Rows up to a tombstone were erased on purpose, and that stands signed for whoever verifies. */
const erased = `EXISTS (SELECT 1 FROM audit_statement s
  WHERE s.tenant_id = OLD.tenant_id AND s.kind = 'tombstone' AND s.number >= OLD.number)`

export const auditSchema: Schema = {
  owner: 'audit',
  tables: ['audit_entry', 'audit_head', 'audit_statement'],
  migrations: [
    {
      name: '0001-chains',
      statements: [
        `CREATE TABLE audit_entry (
          tenant_id TEXT NOT NULL,
          number BIGINT NOT NULL,
          at BIGINT NOT NULL,
          action TEXT NOT NULL,
          actor_kind TEXT NOT NULL,
          actor_id TEXT,
          subject TEXT,
          detail TEXT,
          hash TEXT NOT NULL,
          PRIMARY KEY (tenant_id, number)
        )`,
        `CREATE TABLE audit_head (
          tenant_id TEXT NOT NULL PRIMARY KEY,
          number BIGINT NOT NULL,
          hash TEXT NOT NULL,
          signed BIGINT NOT NULL,
          due_at BIGINT
        )`,
        'CREATE INDEX audit_head_due ON audit_head (due_at) WHERE due_at IS NOT NULL',
        `CREATE TABLE audit_statement (
          tenant_id TEXT NOT NULL,
          number BIGINT NOT NULL,
          kind TEXT NOT NULL,
          hash TEXT NOT NULL,
          at BIGINT NOT NULL,
          public_key TEXT NOT NULL,
          signature TEXT NOT NULL,
          PRIMARY KEY (tenant_id, number, kind)
        )`,
      ],
      only: {
        sqlite: [
          `CREATE TRIGGER audit_entry_kept BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, '${refusal}'); END`,
          `CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry WHEN NOT ${erased}
            BEGIN SELECT RAISE(ABORT, '${refusal}'); END`,
          `CREATE TRIGGER audit_statement_kept BEFORE UPDATE ON audit_statement
            BEGIN SELECT RAISE(ABORT, '${refusal}'); END`,
          `CREATE TRIGGER audit_statement_stays BEFORE DELETE ON audit_statement
            BEGIN SELECT RAISE(ABORT, '${refusal}'); END`,
          `CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, '${refusal}'); END`,
        ],
        postgres: [
          `CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '${refusal}'; END $$`,
          `CREATE FUNCTION audit_refuse_unless_erased() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF ${erased} THEN RETURN OLD; END IF;
              RAISE EXCEPTION '${refusal}';
            END $$`,
          `CREATE TRIGGER audit_entry_kept BEFORE UPDATE ON audit_entry
            FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
          `CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry
            FOR EACH ROW EXECUTE FUNCTION audit_refuse_unless_erased()`,
          `CREATE TRIGGER audit_entry_whole BEFORE TRUNCATE ON audit_entry
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
          `CREATE TRIGGER audit_statement_kept BEFORE UPDATE OR DELETE ON audit_statement
            FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
          `CREATE TRIGGER audit_statement_whole BEFORE TRUNCATE ON audit_statement
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
          `CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
            FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
          `CREATE TRIGGER audit_head_whole BEFORE TRUNCATE ON audit_head
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
        ],
      },
    },
  ],
}
