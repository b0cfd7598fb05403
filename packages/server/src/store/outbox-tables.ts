/**
 * The table in which a team's own PostgreSQL transactions leave events: whoever inserts a row has it published once they have
 * committed. Documented for users, so its columns keep their names and meanings.
 */
import type { Generated } from 'kysely'
import type { OfTenant, Schema } from './tables.ts'

export type OutboxTable = OfTenant & {
  /** @default a new UUID */
  readonly id: Generated<string>
  /** In which order a transaction inserted its rows. */
  readonly seq: Generated<number>
  readonly room: string
  readonly event: string
  /** JSON. */
  readonly data: string
  readonly user_id: string | null
  /** Idempotency key, as that of a server's publish. */
  readonly key: string | null
  /** ms since 1970. */
  readonly created_at: Generated<number>
  /** Why it cannot be published. Set to null, it is tried again. */
  readonly error: string | null
}

declare module './tables.ts' {
  interface Tables {
    fanfare_outbox: OutboxTable
  }
}

/** What NOTIFY says; and that of the function and the trigger that say it. */
export const outboxName = 'fanfare_outbox'

export const outboxSchema: Schema = {
  owner: 'outbox',
  tables: ['fanfare_outbox'],
  migrations: [
    {
      name: '0001-outbox',
      statements: [
        `CREATE TABLE fanfare_outbox (
          tenant_id TEXT NOT NULL,
          id TEXT NOT NULL,
          seq BIGINT NOT NULL,
          room TEXT NOT NULL,
          event TEXT NOT NULL,
          data TEXT NOT NULL,
          user_id TEXT,
          key TEXT,
          created_at BIGINT NOT NULL,
          error TEXT,
          PRIMARY KEY (tenant_id, id)
        )`,
        'CREATE INDEX fanfare_outbox_waiting ON fanfare_outbox (tenant_id, seq) WHERE error IS NULL',
      ],
      only: {
        sqlite: [],
        postgres: [
          'ALTER TABLE fanfare_outbox ALTER COLUMN id SET DEFAULT gen_random_uuid()::text',
          'ALTER TABLE fanfare_outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY',
          'ALTER TABLE fanfare_outbox ALTER COLUMN created_at SET DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint',
          `CREATE FUNCTION fanfare_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              PERFORM pg_notify('fanfare_outbox', '');
              RETURN NULL;
            END
          $$`,
          `CREATE TRIGGER fanfare_outbox AFTER INSERT OR UPDATE ON fanfare_outbox
            FOR EACH STATEMENT EXECUTE FUNCTION fanfare_outbox()`,
          // Besides the policy of all tables: whoever may insert need not say the tenant twice, and who does is held to it.
          `CREATE POLICY fanfare_outbox ON fanfare_outbox FOR INSERT
            WITH CHECK (coalesce(current_setting('fanfare.tenant', true), '') IN ('', tenant_id))`,
        ],
      },
    },
  ],
}
