/** The tables of the statuses, and what a row means. Reads and writes nothing. */
import type { StatusState } from '@fanfare/protocol'
import type { OfTenant, Schema } from '../../store/tables.ts'

/** A user of whom something is known. Times in ms since 1970. */
export type UserStatusTable = OfTenant & {
  user_id: string
  /** 1 where somebody may want to know: else nothing is written here while the user comes and is there. */
  told: number
  /** 1 while a user who is told has a session anywhere, and for the time of grace after. */
  connected: number
  /** When the newest session began that was written down. */
  connected_at: number
  /** When others last saw the user connected; null: never. */
  last_seen: number | null
  /** What the user wants to be shown as while connected; `offline` is invisible. */
  chosen: StatusState
  text: string
  /** Moves when what others see does. */
  version: number
}

/** When the connections of a tenant are next compared with what is written here. */
export type StatusRoundTable = OfTenant & { due_at: number }

declare module '../../store/tables.ts' {
  interface Tables {
    user_status: UserStatusTable
    status_round: StatusRoundTable
  }
}

export const statusSchema: Schema = {
  owner: 'status',
  tables: ['user_status', 'status_round'],
  migrations: [
    {
      name: '0001-statuses',
      statements: [
        `CREATE TABLE user_status (
          tenant_id TEXT NOT NULL,
          user_id TEXT NOT NULL,
          connected BIGINT NOT NULL,
          connected_at BIGINT NOT NULL,
          last_seen BIGINT,
          chosen TEXT NOT NULL,
          text TEXT NOT NULL,
          version BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, user_id)
        )`,
        'CREATE INDEX user_status_connected ON user_status (tenant_id, user_id) WHERE connected = 1',
        'CREATE TABLE status_round (tenant_id TEXT NOT NULL, due_at BIGINT NOT NULL, PRIMARY KEY (tenant_id))',
        'CREATE INDEX status_round_due ON status_round (due_at)',
      ],
    },
    {
      // Whoever is known already may be watched.
      name: '0002-told',
      statements: ['ALTER TABLE user_status ADD COLUMN told BIGINT NOT NULL DEFAULT 1'],
    },
  ],
}
