/** What the journal does on every database: places, keys, reading, what is sent, what becomes too old, what is erased. */
import { describe, expect, test } from 'bun:test'
import type { Slice } from '../engine/room-log.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { epochOfTenant } from './journal.ts'
import { eraseRoom, eraseTenant, purgeRoom, readDue } from './journal-erase.ts'
import { readJournal } from './journal-read.ts'
import { claimUnsent, noteSent, readEventsAfter, readUnsent, renewWaiting, type SentRun } from './journal-sent.ts'
import type { EventDraft, JournalEvent, TenantStore } from './store.ts'
import type { TestStore } from './store.world.ts'

type Make = (options: { readonly clock: FakeClock; readonly encryptionKeys: readonly string[] }) => Promise<TestStore>

const forever = { forMs: Number.POSITIVE_INFINITY }
const keyMs = 300_000
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** A journal and its clock, in the words of the cases. */
class JournalWorld implements AsyncDisposable {
  readonly clock: FakeClock
  readonly store: TestStore
  readonly tenant: TenantStore

  constructor(store: TestStore, clock: FakeClock) {
    this.store = store
    this.clock = clock
    this.tenant = store.of('clinic')
  }

  publish(...drafts: readonly (Pick<EventDraft, 'room' | 'data'> & Partial<EventDraft>)[]) {
    return this.tenant.change((change) => change.publish(drafts.map((draft) => ({ type: 'note', ...draft }))))
  }

  async fill(room: string, count: number): Promise<readonly JournalEvent[]> {
    return this.publish(...upTo(count).map((data) => ({ room, data })))
  }

  async read(
    room: string,
    query: Parameters<typeof readJournal>[1]['query'],
    forMs = Number.POSITIVE_INFINITY,
  ): Promise<Slice> {
    const sealer = await this.tenant.sealer()
    const reading = { tenantId: 'clinic', sealer, since: this.clock.now() - forMs }
    const slice = await this.tenant.read((rows) => readJournal(rows, { room, query }, reading))
    if (!slice) throw new Error('the tenant has no epoch yet')
    return slice
  }

  async offsets(room: string, query: Parameters<typeof readJournal>[1]['query']): Promise<readonly number[] | string> {
    const slice = await this.read(room, query)
    return slice.ok ? slice.events.map(({ offset }) => offset) : slice.reason
  }

  note(...runs: readonly SentRun[]) {
    const noting = { kind: this.store.kind, now: this.clock.now(), keyMs, locked: 'passes' as const }
    return this.tenant.change(({ rows }) => noteSent(rows, runs, noting))
  }

  unsent() {
    return this.tenant.read((rows) => readUnsent(rows, { waitingSince: this.clock.now(), limit: 10 }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
  }
}

export const describeJournal = (name: string, make: Make): void => {
  const play = (
    title: string,
    run: (world: JournalWorld) => Promise<void>,
    encryptionKeys: readonly string[] = [],
  ): void =>
    test(title, async () => {
      const clock = fakeClock()
      await using world = new JournalWorld(await make({ clock, encryptionKeys }), clock)
      await run(world)
    }, 20_000)

  describe(`journal: ${name}`, () => {
    play('events of one change are placed in order, each room by itself, in one epoch of the tenant', async (world) => {
      const events = await world.publish({ room: 'b', data: 1 }, { room: 'a', data: 2 }, { room: 'b', data: 3 })
      expect(events.map(({ room, offset, data }) => [room, offset, data])).toEqual([
        ['b', 1, 1],
        ['a', 1, 2],
        ['b', 2, 3],
      ])
      const [later] = await world.publish({ room: 'a', data: 4, userId: 'ann' })
      expect(later).toMatchObject({ offset: 2, userId: 'ann', epoch: events[0]!.epoch })
      expect(new Set(events.map(({ epoch }) => epoch)).size).toBe(1)
      const read = await world.read('a', { after: 'earliest', limit: 9 })
      const { epoch: _, ...event } = later!
      expect(read).toMatchObject({ ok: true, top: { offset: 2 }, more: false })
      expect(read.ok && read.events[1]).toEqual(event)
    })

    play('a key gives its first event in the room, and leaves no hole', async (world) => {
      const [first] = await world.publish({ room: 'a', data: 'first', key: 'k' })
      const [again, other, elsewhere, next, same] = await world.publish(
        { room: 'a', data: 'again', key: 'k' },
        { room: 'a', data: 'other' },
        { room: 'b', data: 'elsewhere', key: 'k' },
        { room: 'a', data: 'next', key: 'l' },
        { room: 'a', data: 'same', key: 'l' },
      )
      expect(again).toEqual(first!)
      expect([other, next].map((event) => event?.offset)).toEqual([2, 3])
      expect(elsewhere).toMatchObject({ data: 'elsewhere', offset: 1 })
      expect(same).toEqual(next!)
      await world.publish({ room: 'a', data: 'again', key: 'k' })
      expect(await world.offsets('a', { after: 'earliest', limit: 9 })).toEqual([1, 2, 3])
      expect((await world.publish({ room: 'a', data: 'last' }))[0]?.offset).toBe(4)
    })

    play('a repeat alone leaves nothing to send', async (world) => {
      const [first] = await world.publish({ room: 'a', data: 1, key: 'k' })
      await world.note({ room: 'a', epoch: first!.epoch, from: 1, to: 1, archive: forever })
      await world.publish({ room: 'a', data: 1, key: 'k' })
      expect(await world.unsent()).toEqual([])
    })

    play('what a change that failed had published is not there, and its places are given again', async (world) => {
      const failed = world.tenant.change(async (change) => {
        await change.publish([{ room: 'a', type: 'note', data: 1 }])
        throw new Error('the case asks for it')
      })
      await expect(failed).rejects.toThrow('the case asks for it')
      expect((await world.publish({ room: 'a', data: 2 }))[0]?.offset).toBe(1)
    })

    play(
      'changes at once, in any order of rooms, all come through, and every room is without a hole',
      async (world) => {
        const rooms = ['a', 'b', 'c', 'd']
        await Promise.all(
          upTo(24).map((number) =>
            world.publish(...upTo(4).map((step) => ({ room: rooms[(number * step) % 4]!, data: `${number}/${step}` }))),
          ),
        )
        let total = 0
        for (const room of rooms) {
          const offsets = await world.offsets(room, { after: 'earliest', limit: 1_000 })
          expect(offsets).toEqual(upTo(offsets.length))
          total += offsets.length
        }
        expect(total).toBe(96)
      },
    )

    play('it is read from both ends, page by page', async (world) => {
      const { epoch } = (await world.fill('a', 250)).at(-1)!
      expect(await world.offsets('a', { after: { epoch, offset: 247 }, limit: 2 })).toEqual([248, 249])
      expect(await world.offsets('a', { before: { epoch, offset: 3 }, limit: 9 })).toEqual([1, 2])
      expect(await world.offsets('a', { before: 'latest', limit: 3 })).toEqual([248, 249, 250])
      expect(await world.offsets('a', { after: 'latest', limit: 3 })).toEqual([])
      const all = await world.read('a', { after: 'earliest', limit: 1_000 })
      expect(all.ok && all.events.length).toBe(250)
      expect(await world.read('a', { after: { epoch, offset: 0 }, limit: 249 })).toMatchObject({ more: true })
      expect(await world.read('a', { after: { epoch, offset: 1 }, limit: 249 })).toMatchObject({ more: false })
    })

    play('a position of another epoch, ahead, or behind what is kept is refused, with the top', async (world) => {
      const { epoch } = (await world.fill('a', 3)).at(-1)!
      await world.clock.advance(10_000)
      await world.fill('a', 2)
      const top = { epoch, offset: 5 }
      const ask = (query: Parameters<typeof readJournal>[1]['query']) => world.read('a', query, 5_000)
      expect(await ask({ after: { epoch: 'x', offset: 1 }, limit: 9 })).toEqual({ ok: false, reason: 'epoch', top })
      expect(await ask({ after: { epoch, offset: 6 }, limit: 9 })).toEqual({ ok: false, reason: 'ahead', top })
      expect(await ask({ after: { epoch, offset: 2 }, limit: 9 })).toEqual({ ok: false, reason: 'trimmed', top })
      expect(await ask({ after: { epoch, offset: 3 }, limit: 9 })).toMatchObject({ ok: true, top })
      expect(await ask({ before: { epoch, offset: 4 }, limit: 9 })).toEqual({ ok: false, reason: 'trimmed', top })
      expect(await ask({ before: { epoch, offset: 5 }, limit: 9 })).toMatchObject({ ok: true, more: false })
      expect(await ask({ after: 'earliest', limit: 9 })).toMatchObject({
        ok: true,
        events: [{ offset: 4 }, { offset: 5 }],
      })
      await world.clock.advance(5_000)
      expect(await ask({ after: { epoch, offset: 3 }, limit: 9 })).toEqual({ ok: false, reason: 'trimmed', top })
      expect(await ask({ after: top, limit: 9 })).toMatchObject({ ok: true, events: [] })
      expect(await ask({ after: 'earliest', limit: 9 })).toMatchObject({ ok: true, events: [], more: false })
    })

    play('a room without events has the epoch in which its first will be', async (world) => {
      await world.tenant.change(({ rows }) => epochOfTenant(rows))
      const before = await world.read('a', { after: 'latest', limit: 1 })
      const [first] = await world.fill('a', 1)
      expect(before.top).toEqual({ epoch: first!.epoch, offset: 0 })
    })

    play('tenants see nothing of each other, and have epochs of their own', async (world) => {
      await world.fill('a', 3)
      const other = world.store.of('hospital')
      const [event] = await other.change((change) => change.publish([{ room: 'a', type: 'note', data: 'theirs' }]))
      expect(event).toMatchObject({ offset: 1, tenantId: 'hospital' })
      expect(event?.epoch).not.toBe((await world.read('a', { after: 'latest', limit: 1 })).top.epoch)
    })

    play(
      'with a key, data is sealed where it stands, and read by whoever has the key',
      async (world) => {
        await world.publish({ room: 'a', data: { text: 'pain in the chest' } })
        const [row] = await world.tenant.read((rows) => rows.selectFrom('journal').selectAll().execute())
        expect(row?.data).not.toContain('chest')
        const read = await world.read('a', { after: 'earliest', limit: 1 })
        expect(read.ok && read.events[0]?.data).toEqual({ text: 'pain in the chest' })
      },
      [Buffer.alloc(32, 7).toString('base64')],
    )

    play('a redaction changes what events say, and neither their ids nor their places', async (world) => {
      const events = await world.fill('a', 3)
      await world.tenant.change((change) =>
        change.redact({ room: 'a', offsets: [2, 9], data: ({ offset }) => ({ gone: offset }) }),
      )
      const read = await world.read('a', { after: 'earliest', limit: 9 })
      expect(read.ok && read.events.map(({ id, data }) => [id, data])).toEqual([
        [events[0]!.id, 1],
        [events[1]!.id, { gone: 2 }],
        [events[2]!.id, 3],
      ])
    })

    play('what is sent is noted in order: a run after a hole waits until the hole is sent', async (world) => {
      const { epoch } = (await world.fill('a', 5)).at(-1)!
      const run = (from: number, to: number): SentRun => ({ room: 'a', epoch, from, to, archive: forever })
      expect(await world.unsent()).toMatchObject([{ room: 'a', sent: 0, top: 5 }])
      expect(await world.note(run(3, 5))).toEqual([run(3, 5)])
      expect(await world.unsent()).toMatchObject([{ sent: 0 }])
      expect(await world.note(run(1, 2))).toEqual([])
      expect(await world.unsent()).toMatchObject([{ sent: 2 }])
      expect(await world.note(run(3, 5))).toEqual([])
      expect(await world.unsent()).toEqual([])
      // Again, or of an epoch that is over: there is nothing to wait for.
      expect(await world.note(run(1, 5))).toEqual([])
      expect(await world.note({ ...run(6, 9), epoch: 'x' })).toEqual([])
    })

    play('one of many takes over what waits, and what somebody has in hand waits anew', async (world) => {
      const { epoch } = (await world.fill('a', 2)).at(-1)!
      const [waiting] = await world.unsent()
      await world.clock.advance(5_000)
      const claims = await Promise.all(
        upTo(4).map(() => world.tenant.change(({ rows }) => claimUnsent(rows, waiting!, world.clock.now() + 1))),
      )
      expect(claims.filter(Boolean)).toHaveLength(1)
      expect(await world.unsent()).toEqual([])
      await world.clock.advance(1)
      expect(await world.unsent()).toHaveLength(1)
      const hand = { room: 'a', epoch, from: 1, to: 2 }
      await world.clock.advance(100)
      await world.tenant.change(({ rows }) => renewWaiting(rows, [hand], world.clock.now()))
      expect(await world.unsent()).toMatchObject([{ waitingSince: world.clock.now() }])
      // Whoever has later ones in hand does not speak for the first.
      await world.clock.advance(100)
      await world.tenant.change(({ rows }) => renewWaiting(rows, [{ ...hand, from: 2 }], world.clock.now()))
      expect(await world.unsent()).toMatchObject([{ waitingSince: world.clock.now() - 100 }])
      const sealer = await world.tenant.sealer()
      const left = await world.tenant.read((rows) =>
        readEventsAfter(rows, { room: 'a', after: 1 }, { tenantId: 'clinic', sealer, limit: 9 }),
      )
      expect(left).toMatchObject([{ offset: 2, epoch }])
    })

    play('a room without an archive keeps only what has a key, and that for a while', async (world) => {
      const [first] = await world.publish({ room: 'a', data: 1 }, { room: 'a', data: 2, key: 'k' })
      await world.note({ room: 'a', epoch: first!.epoch, from: 1, to: 2, archive: undefined })
      const kept = () => world.tenant.read((rows) => rows.selectFrom('journal').select('offset').execute())
      expect(await kept()).toEqual([{ offset: 2 }])
      expect((await world.publish({ room: 'a', data: 3, key: 'k' }))[0]).toMatchObject({ data: 2, offset: 2 })
      await world.clock.advance(keyMs)
      expect(await world.tenant.read((rows) => readDue(rows, { atMost: world.clock.now(), limit: 9 }))).toEqual(['a'])
      await world.tenant.change(({ rows }) => purgeRoom(rows, 'a', { forMs: keyMs, now: world.clock.now() }))
      expect(await kept()).toEqual([])
      expect((await world.publish({ room: 'a', data: 4, key: 'k' }))[0]).toMatchObject({ data: 4, offset: 3 })
    })

    play('what is too old is deleted a batch at a time, but nothing that was not sent', async (world) => {
      const archive = { forMs: 60_000 }
      const { epoch } = (await world.fill('a', 700)).at(-1)!
      await world.note({ room: 'a', epoch, from: 1, to: 650, archive })
      await world.clock.advance(30_000)
      await world.fill('a', 1)
      const due = () => world.tenant.read((rows) => readDue(rows, { atMost: world.clock.now(), limit: 9 }))
      const purge = () =>
        world.tenant.change(({ rows }) => purgeRoom(rows, 'a', { ...archive, now: world.clock.now() }))
      expect(await due()).toEqual([])
      await world.clock.advance(30_000)
      expect(await due()).toEqual(['a'])
      expect(await purge()).toEqual({ deleted: 500, more: true })
      expect(await purge()).toEqual({ deleted: 150, more: false })
      expect((await world.offsets('a', { after: 'earliest', limit: 999 }))[0]).toBe(651)
      await world.note({ room: 'a', epoch, from: 651, to: 701, archive })
      expect(await purge()).toEqual({ deleted: 50, more: false })
      expect(await due()).toEqual([])
      await world.clock.advance(30_000)
      expect(await due()).toEqual(['a'])
    })

    play('an erased room begins again in another epoch, others go on', async (world) => {
      const [before] = await world.publish({ room: 'a', data: 1, key: 'k' }, { room: 'b', data: 1 })
      await world.tenant.change(({ rows }) => eraseRoom(rows, 'a', { unique: false, now: world.clock.now() }))
      expect(await world.read('a', { after: 'earliest', limit: 9 })).toMatchObject({ events: [], top: { offset: 0 } })
      const [again] = await world.publish({ room: 'a', data: 2, key: 'k' })
      expect(again).toMatchObject({ data: 2, offset: 1 })
      expect(again?.epoch).not.toBe(before!.epoch)
      expect((await world.publish({ room: 'b', data: 2 }))[0]).toMatchObject({ offset: 2, epoch: before!.epoch })
    })

    play('an erased tenant has nothing left, and whatever comes later is in another epoch', async (world) => {
      const [before] = await world.fill('a', 3)
      await world.tenant.change(({ rows }) => eraseTenant(rows))
      for (const table of ['journal', 'journal_room', 'journal_tenant'] as const) {
        expect(await world.tenant.read((rows) => rows.selectFrom(table).selectAll().execute())).toEqual([])
      }
      const [after] = await world.fill('a', 1)
      expect(after?.offset).toBe(1)
      expect(after?.epoch).not.toBe(before!.epoch)
    })
  })
}
