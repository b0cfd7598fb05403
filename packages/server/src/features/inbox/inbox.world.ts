/** An inbox in a test: as many nodes as it takes on one store and one clock, and whatever the tests of the inbox say again and again. */
import type { NewNotification, RoomEvent } from '@fanfare/protocol'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { journalSchema } from '../../store/journal-tables.ts'
import type { TestDatabase } from '../../store/postgres.world.ts'
import { openTestStore, type TestStore, type TestStoreOptions } from '../../store/store.world.ts'
import { type FeatureWorld, type FeatureWorldOptions, openFeature } from '../feature.world.ts'
import { inbox, openInbox as openNode } from './inbox.ts'
import { inboxSchema } from './tables.ts'

export type Kind = NonNullable<TestStoreOptions['kind']>

export type InboxOptionsOfWorld = Pick<FeatureWorldOptions<'inbox'>, 'options' | 'settings'> & {
  readonly kind?: Kind
  /** @default 1 */
  readonly nodes?: number
  /** What time it is. @default the beginning of 2026 */
  readonly start?: number
  /** @default none: nothing is sealed */
  readonly encryptionKeys?: readonly string[]
  /** A PostgreSQL that is emptied first. @default a new one */
  readonly database?: TestDatabase
}

/** Where the inboxes of some tests are, one after another. */
export type Place = { readonly kind: Kind; database?: TestDatabase }

export const newDatabase = async (): Promise<TestDatabase> => {
  // Only tests on PostgreSQL load what starts one.
  const { sharedPostgres } = await import('../../store/postgres.world.ts')
  return (await sharedPostgres()).database()
}

export class InboxWorld implements AsyncDisposable {
  readonly store: TestStore
  readonly clock: FakeClock
  readonly nodes: readonly FeatureWorld<'inbox'>[]

  readonly #idle: () => Promise<unknown>

  constructor(parts: Pick<InboxWorld, 'store' | 'clock' | 'nodes'> & { readonly idle: () => Promise<unknown> }) {
    this.store = parts.store
    this.clock = parts.clock
    this.nodes = parts.nodes
    this.#idle = parts.idle
  }

  /** Time goes on, and whatever the nodes do by themselves meanwhile is done, without a second of it passing. */
  async passes(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      await this.clock.advance(Math.min(left, 1_000))
      await this.#idle()
    }
  }

  get node(): FeatureWorld<'inbox'> {
    return this.nodes[0]!
  }

  /** Time goes on by so much, and then as it must until it is so. @throws Error after a while */
  async until(what: string, isSo: () => boolean | Promise<boolean>, ms = 0): Promise<void> {
    await this.clock.advance(ms)
    for (const deadline = Date.now() + 20_000; !(await isSo()); await new Promise((go) => setTimeout(go, 1))) {
      if (Date.now() > deadline) throw new Error(`It never was so: ${what}.`)
    }
  }

  /** How many rows there are, of all tenants. */
  async rows(
    table:
      | 'inbox_task'
      | 'inbox_digest'
      | 'inbox_waiting'
      | 'inbox_sending'
      | 'inbox_notification'
      | 'inbox_key'
      | 'inbox_push',
  ) {
    const found = await this.store.everywhere('read', (rows) =>
      rows
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow(),
    )
    return found.count
  }

  /** Everything that one user was told, in order. */
  heard(userId: string): readonly RoomEvent[] {
    return this.node.heard(`inbox:${userId}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
  }
}

export const openInbox = async (options: InboxOptionsOfWorld = {}): Promise<InboxWorld> => {
  const { kind = 'sqlite', nodes = 1, start, database, encryptionKeys = [], ...rest } = options
  const clock = fakeClock(start)
  const url = database === undefined ? {} : { url: database.url }
  const store = await openTestStore({ schemas: [inboxSchema], kind, clock, encryptionKeys, ...url })
  if (database) await database.query(`TRUNCATE ${[...inboxSchema.tables, ...journalSchema.tables].join(', ')}`)
  const idles = new Set<() => Promise<void>>()
  const watched: typeof inbox = {
    ...inbox,
    async open(services, chosen) {
      const opened = await openNode(services, chosen)
      idles.add(opened.idle)
      return opened
    },
  }
  const opened: FeatureWorld<'inbox'>[] = []
  for (let count = 0; count < nodes; count++) opened.push(await openFeature(watched, { ...rest, clock, store }))
  return new InboxWorld({ store, clock, nodes: opened, idle: () => Promise.all([...idles].map((idle) => idle())) })
}

export const toUser = (userId: string, more: Partial<NewNotification> = {}): NewNotification => ({
  to: { userId },
  kind: 'mention',
  title: 'Bob mentioned you',
  ...more,
})
