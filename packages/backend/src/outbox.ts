/**
 * Events that are published exactly if the caller's own PostgreSQL transaction commits: rows of the table `fanfare_outbox`, which
 * the server reads and deletes. Opens no connection and no transaction; the table is made by the server's migrations.
 */
import type { Json } from '@fanfare/protocol'

export type OutboxEvent = {
  readonly tenant: string
  readonly room: string
  readonly event: string
  /** As the room's schema has it: it is checked when it is published, and a row that cannot be published stays and says why. */
  readonly data: Json
  /** Who caused it. @default a server did */
  readonly userId?: string
  /** Two rows with the same key are one event. @default each row is an event */
  readonly key?: string
}

/** `pg`'s client, or postgres.js' `sql` within `sql.begin`; both inside the caller's transaction. */
export type OutboxClient =
  | { query(text: string, values: unknown[]): Promise<unknown> }
  | { unsafe(text: string, values: (string | null)[]): PromiseLike<unknown> }

/** For any other driver: a statement with `$1` to `$n`. */
export type OutboxInsert = { readonly text: string; readonly values: (string | null)[] }

const columns = ['tenant_id', 'room', 'event', 'data', 'user_id', 'key'] as const

/** @throws Error for data that is not JSON, or no event at all */
export const outboxInsert = (...events: readonly OutboxEvent[]): OutboxInsert => {
  if (events.length === 0) throw new Error('Give at least one event.')
  const values = events.flatMap(({ tenant, room, event, data, userId, key }) => {
    const text = JSON.stringify(data) as string | undefined
    if (text === undefined) throw new Error(`The data of ${event} is not JSON; null is a value too.`)
    return [tenant, room, event, text, userId ?? null, key ?? null]
  })
  const rows = events.map((_, row) => `(${columns.map((_, at) => `$${row * columns.length + at + 1}`).join(', ')})`)
  return { text: `INSERT INTO fanfare_outbox (${columns.join(', ')}) VALUES ${rows.join(', ')}`, values }
}

/**
 * Resolves once the rows are written; the events are published after the commit, in the order of the rows, and never if there
 * is none. @throws Error as {@link outboxInsert}, and what the client throws
 */
export const writeOutbox = async (client: OutboxClient, ...events: readonly OutboxEvent[]): Promise<void> => {
  const { text, values } = outboxInsert(...events)
  if ('unsafe' in client) await client.unsafe(text, values)
  else await client.query(text, values)
}
