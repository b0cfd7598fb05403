/** What Web Push promises, against a push service that decrypts and checks who sends: each case runs on SQLite and on PostgreSQL. */
import { beforeAll, describe, expect, test } from 'bun:test'
import { uuidv7 } from '../../../lib/ids.ts'
import { silentLog } from '../../../lib/log.ts'
import { type InboxOptionsOfWorld, type Kind, newDatabase, openInbox, type Place, toUser } from '../inbox.world.ts'
import { roleReads } from '../role-reads.ts'
import { readSettings } from '../settings.ts'
import { newVapid, PushService } from './push-service.world.ts'
import { sendPushes } from './send.ts'
import { openVapid } from './vapid.ts'

const minute = 60_000

export const describePush = (kind: Kind): void => {
  describe(`Web Push on ${kind}`, () => {
    const place: Place = { kind }
    const vapid = newVapid()
    beforeAll(async () => {
      if (kind === 'postgres') place.database = await newDatabase()
    }, 60_000)

    /** Ann has a phone that takes pushes, and is nowhere to be seen. */
    const withPhone = async (options: InboxOptionsOfWorld = {}) => {
      const service = await new PushService(vapid.publicKey).open()
      const world = await openInbox({ ...place, settings: { vapid }, ...options })
      const ann = world.node.person('ann')
      const phone = service.browser('phone')
      await ann.says('inbox:push', { subscription: phone })
      return {
        world,
        api: world.node.api(),
        ann,
        phone,
        service,
        async [Symbol.asyncDispose]() {
          await world[Symbol.asyncDispose]()
          await service[Symbol.asyncDispose]()
        },
      }
    }

    test('what nobody sees is pushed a few seconds later, for the browser alone to read', async () => {
      await using ward = await withPhone()
      await ward.api.notify(toUser('ann', { message: 'see you at 9', data: { room: 'r1' } }))
      await ward.world.passes(4_000)
      expect(ward.service.requests).toBe(0)
      await ward.world.passes(2_000)
      const [notification] = (await ward.api.list('ann')).notifications
      expect(ward.service.shownBy('phone')).toEqual([
        {
          id: notification!.id,
          kind: 'mention',
          summed: 1,
          unread: 1,
          title: 'Bob mentioned you',
          message: 'see you at 9',
          data: { room: 'r1' },
        },
      ])
      expect(ward.service.received[0]!.headers).toMatchObject({
        topic: notification!.id.replaceAll('-', ''),
        urgency: 'normal',
      })
      expect(Number(ward.service.received[0]!.headers.ttl)).toBeWithin(86_390, 86_401)
    })

    test('whoever is there, or is back after a reload, is not disturbed', async () => {
      await using ward = await withPhone()
      await ward.api.notify(toUser('ann'))
      await ward.ann.connects()
      await ward.world.passes(minute)
      ward.ann.goes()
      await ward.world.passes(minute)
      expect(ward.service.requests).toBe(0)
    })

    test('what was seen on another device meanwhile is not pushed', async () => {
      await using ward = await withPhone()
      await ward.api.notify(toUser('ann', { title: 'one' }))
      await ward.api.mark({ userId: 'ann', as: 'seen', ids: 'all' })
      await ward.api.notify(toUser('ann', { title: 'two' }))
      await ward.world.passes(minute)
      expect(ward.service.shownBy('phone').map(({ title }) => title)).toEqual(['two'])
    })

    test('a kind that is not to be pushed is not, and one that is only pushed is never in the inbox', async () => {
      await using ward = await withPhone()
      await ward.api.setPreferences('ann', {
        kinds: { like: { inbox: true, push: false }, alarm: { inbox: false, push: true } },
      })
      await ward.api.notify(toUser('ann', { kind: 'like' }), toUser('ann', { kind: 'alarm', title: 'fire' }))
      await ward.world.passes(minute)
      expect(ward.service.shownBy('phone').map(({ title }) => title)).toEqual(['fire'])
      expect(await ward.api.count('ann')).toMatchObject({ unread: 1 })
      const all = await ward.api.list('ann', { states: ['unseen', 'seen', 'read', 'archived'] })
      expect(all.notifications.map((one) => one.kind)).toEqual(['like'])
      expect(ward.world.heard('ann')).toHaveLength(1)
    })

    test('two nodes push once, to each browser', async () => {
      await using ward = await withPhone({ nodes: 2 })
      await ward.ann.says('inbox:push', { subscription: ward.service.browser('laptop') })
      for (let count = 0; count < 20; count++) await ward.api.notify(toUser('ann', { title: `${count}` }))
      await ward.world.passes(minute)
      expect(ward.service.requests).toBe(40)
      expect(new Set(ward.service.shownBy('laptop').map(({ title }) => title)).size).toBe(20)
    })

    test('what a node took and died with is sent by another, marked as the same', async () => {
      await using ward = await withPhone({ nodes: 2 })
      const { store, clock } = ward.world
      await ward.api.notify(toUser('ann'))
      ward.service.answers('phone', { status: 503 })
      await ward.world.passes(6_000)
      const takenByTheDead: string[] = []
      const parts = {
        store,
        clock,
        ids: uuidv7,
        log: silentLog,
        settings: readSettings({}),
        roles: roleReads(store),
        pushes: true,
        makePush: await openVapid(vapid),
        post: (request: { readonly headers: { readonly [name: string]: string | number } }) => {
          takenByTheDead.push(String(request.headers.Topic))
          return new Promise<never>(() => {})
        },
        counted: () => {},
        warn: () => {},
      }
      await store.of('acme').change(({ rows }) => rows.updateTable('inbox_sending').set({ due_at: 0 }).execute())
      void sendPushes(parts, 'acme')
      await ward.world.until('the other node has it', () => takenByTheDead.length === 1)
      await ward.world.passes(30_000)
      expect(ward.service.received).toEqual([])
      await ward.world.passes(40_000)
      expect(ward.service.received.map(({ headers }) => headers.topic)).toEqual(takenByTheDead)
    })

    test('a service that is down is asked again, later and later, until it takes it', async () => {
      await using ward = await withPhone()
      ward.service.answers(
        'phone',
        { status: 503 },
        { status: 429, headers: { 'Retry-After': '120' } },
        { status: 500 },
      )
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(10_000)
      expect(ward.service.requests).toBe(1)
      await ward.world.passes(30_000)
      expect(ward.service.requests).toBe(2)
      await ward.world.passes(110_000)
      expect(ward.service.requests).toBe(2)
      await ward.world.passes(15_000)
      expect(ward.service.requests).toBe(3)
      await ward.world.passes(3 * minute)
      expect(ward.service.shownBy('phone')).toHaveLength(1)
      expect(await ward.world.rows('inbox_sending')).toBe(0)
    })

    test('what is seen, or is in a browser that is another’s by then, is not tried again', async () => {
      await using ward = await withPhone()
      await ward.ann.says('inbox:push', { subscription: ward.service.browser('laptop') })
      for (const browser of ['phone', 'laptop']) ward.service.answers(browser, { status: 503 })
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(10_000)
      expect(ward.service.requests).toBe(2)
      await ward.api.addPush('bob', ward.phone)
      await ward.world.passes(5 * minute)
      expect(ward.service.received.map(({ browser }) => browser)).toEqual(['laptop'])
      ward.service.answers('laptop', { status: 503 })
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(10_000)
      await ward.api.mark({ userId: 'ann', as: 'read', ids: 'all' })
      await ward.world.passes(5 * minute)
      expect(ward.service.requests).toBe(4)
    })

    test('a browser that is gone is forgotten, and the others are not', async () => {
      await using ward = await withPhone()
      await ward.ann.says('inbox:push', { subscription: ward.service.browser('laptop') })
      ward.service.answers('phone', { status: 410 })
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(minute)
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(minute)
      expect(ward.service.shownBy('laptop')).toHaveLength(2)
      expect(ward.service.shownBy('phone')).toEqual([])
      expect(await ward.world.rows('inbox_push')).toBe(1)
    })

    test('an answer that leads elsewhere is not followed, and what is refused is not tried again', async () => {
      await using ward = await withPhone()
      const elsewhere = { Location: `${ward.service.origin}/push/laptop` }
      ward.service.browser('laptop')
      ward.service.answers('phone', { status: 302, headers: elsewhere })
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(5 * minute)
      expect(ward.service.requests).toBe(1)
      expect(await ward.world.rows('inbox_sending')).toBe(0)
    })

    test('what comes in quiet hours is pushed as one when they end, without what was read', async () => {
      // In the night in which the clocks of Berlin go from 2 to 3.
      await using ward = await withPhone({ start: Date.parse('2026-03-29T00:59:10Z') })
      await ward.api.setPreferences('ann', {
        kinds: {},
        quiet: { from: '01:59', to: '03:01', timeZone: 'Europe/Berlin' },
      })
      await ward.api.notify(toUser('ann', { title: 'one' }), toUser('ann', { title: 'two' }))
      await ward.world.passes(20_000)
      await ward.api.notify(toUser('ann', { title: 'three' }))
      await ward.world.passes(20_000)
      const [, two] = (await ward.api.list('ann')).notifications
      await ward.api.mark({ userId: 'ann', as: 'read', ids: [two!.id] })
      await ward.world.passes(65_000)
      expect(ward.service.requests).toBe(0)
      await ward.world.passes(10_000)
      expect(ward.service.shownBy('phone')).toMatchObject([{ title: 'three', summed: 2, unread: 2 }])
      await ward.api.notify(toUser('ann', { title: 'four' }))
      await ward.world.passes(10_000)
      expect(ward.service.shownBy('phone')[1]).toMatchObject({ title: 'four', summed: 1 })
    })

    test('however much came in quiet hours, it is one push', async () => {
      await using ward = await withPhone({ start: Date.parse('2026-03-03T22:00:00Z') })
      await ward.api.setPreferences('ann', { kinds: {}, quiet: { from: '22:00', to: '22:01', timeZone: 'UTC' } })
      await ward.api.notify(...Array.from({ length: 450 }, (_, index) => toUser('ann', { title: `${index}` })))
      await ward.world.passes(2 * minute)
      expect(ward.service.shownBy('phone')).toMatchObject([{ title: '449', summed: 450 }])
    })

    test('a browser in which somebody else signs in is theirs', async () => {
      await using ward = await withPhone()
      await ward.world.node.person('bob').says('inbox:push', { subscription: ward.phone })
      await ward.api.notify(toUser('ann'), toUser('bob', { title: 'for bob' }))
      await ward.world.passes(minute)
      expect(ward.service.shownBy('phone').map(({ title }) => title)).toEqual(['for bob'])
    })

    test('a user has ten browsers; the eleventh takes the place of the first', async () => {
      await using ward = await withPhone()
      for (let count = 0; count < 10; count++) {
        await ward.world.clock.advance(1)
        await ward.ann.says('inbox:push', { subscription: ward.service.browser(`browser-${count}`) })
      }
      await ward.api.notify(toUser('ann'))
      await ward.world.passes(minute)
      expect(ward.service.received).toHaveLength(10)
      expect(ward.service.shownBy('phone')).toEqual([])
    })

    test('whoever no longer wants pushes gets none', async () => {
      await using ward = await withPhone()
      await ward.api.notify(toUser('ann'))
      await ward.ann.says('inbox:unpush', { endpoint: ward.phone.endpoint })
      await ward.world.passes(minute)
      expect(ward.service.requests).toBe(0)
    })

    test('however much there is to say, a push service takes it', async () => {
      await using ward = await withPhone()
      const many = '𝒳'.repeat(250)
      await ward.api.notify(toUser('ann', { title: many, message: 'ä'.repeat(4_000), data: 'x'.repeat(16_000) }))
      await ward.world.passes(minute)
      const [message] = ward.service.shownBy('phone')
      expect(message).toMatchObject({ title: many })
      expect(message!.message.endsWith('ä…')).toBe(true)
      expect(message).not.toHaveProperty('data')
      expect(ward.service.received[0]!.bytes).toBeLessThanOrEqual(4_096)
    })
  })
}
