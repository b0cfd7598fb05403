/** An inbox in a test: as many nodes as it takes on one store and one clock, and whatever the tests of the inbox say again and again. */
import type { NewNotification, RoomEvent } from '@fanfare/protocol'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { openTestStore, type TestStore, type TestStoreOptions } from '../../store/store.world.ts'
import { type FeatureWorld, type FeatureWorldOptions, openFeature } from '../feature.world.ts'
import { inbox } from './inbox.ts'
import { inboxSchema } from './tables.ts'

export type Kind = NonNullable<TestStoreOptions['kind']>

export type InboxOptionsOfWorld = Pick<FeatureWorldOptions<'inbox'>, 'options' | 'settings'> & {
  readonly kind?: Kind
  /** @default 1 */
  readonly nodes?: number
}

export class InboxWorld implements AsyncDisposable {
  readonly store: TestStore
  readonly clock: FakeClock
  readonly nodes: readonly FeatureWorld<'inbox'>[]

  constructor(store: TestStore, clock: FakeClock, nodes: readonly FeatureWorld<'inbox'>[]) {
    this.store = store
    this.clock = clock
    this.nodes = nodes
  }

  get node(): FeatureWorld<'inbox'> {
    return this.nodes[0]!
  }

  /** Time goes on by so much, and then as it must until it is so. @throws Error after a while */
  async until(what: string, isSo: () => boolean | Promise<boolean>, ms = 0): Promise<void> {
    await this.clock.advance(ms)
    for (const deadline = Date.now() + 5_000; !(await isSo()); await new Promise((go) => setTimeout(go, 1))) {
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

export const openInbox = async ({
  kind = 'sqlite',
  nodes = 1,
  ...rest
}: InboxOptionsOfWorld = {}): Promise<InboxWorld> => {
  const clock = fakeClock()
  const store = await openTestStore({ schemas: [inboxSchema], kind, clock })
  const opened: FeatureWorld<'inbox'>[] = []
  for (let count = 0; count < nodes; count++) opened.push(await openFeature(inbox, { ...rest, clock, store }))
  return new InboxWorld(store, clock, opened)
}

export const toUser = (userId: string, more: Partial<NewNotification> = {}): NewNotification => ({
  to: { userId },
  kind: 'mention',
  title: 'Bob mentioned you',
  ...more,
})
