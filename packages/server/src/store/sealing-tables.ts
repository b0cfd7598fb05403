/** The keys by which texts of a tenant are sealed, themselves wrapped by a key that only the configuration has. */
import type { OfTenant, Schema } from './tables.ts'

export type TenantKeyTable = OfTenant & {
  /** Rises by 1; the highest that is ready seals. */
  readonly number: number
  /** As rows name it, and never used again. */
  readonly id: string
  /** Base64: the key, sealed by the master key. */
  readonly wrapped: string
  /** Which master key that was: the start of its hash. */
  readonly master: string
  /** 0 while nodes learn it: none seals by it yet. */
  readonly ready: number
  readonly created_at: number
}

declare module './tables.ts' {
  interface Tables {
    tenant_key: TenantKeyTable
  }
}

export const sealingSchema: Schema = {
  owner: 'sealing',
  tables: ['tenant_key'],
  migrations: [
    {
      name: '0001-keys',
      statements: [
        `CREATE TABLE tenant_key (
          tenant_id TEXT NOT NULL,
          number BIGINT NOT NULL,
          id TEXT NOT NULL,
          wrapped TEXT NOT NULL,
          master TEXT NOT NULL,
          ready BIGINT NOT NULL,
          created_at BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, number)
        )`,
      ],
    },
  ],
}
