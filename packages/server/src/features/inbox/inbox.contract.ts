/** What the inbox promises, whatever it is kept in: each case runs on SQLite and on PostgreSQL. */
import { beforeAll, describe, expect, test } from 'bun:test'
import { FanfareError, type NotificationCount } from '@fanfare/protocol'
import { type Kind, newDatabase, openInbox, type Place, toUser } from './inbox.world.ts'

export const describeInbox = (kind: Kind): void => {
  describe(`inbox on ${kind}`, () => {
    const place: Place = { kind }
    beforeAll(async () => {
      if (kind === 'postgres') place.database = await newDatabase()
    }, 60_000)

    test('a notification is kept, counted and told', async () => {
      await using world = await openInbox({ ...place })
      const { node } = world
      expect(await node.api().notify(toUser('ann', { data: { room: 'r1' } }))).toEqual({ notified: 1 })
      const page = await node.api().list('ann')
      expect(page).toMatchObject({
        notifications: [{ title: 'Bob mentioned you', message: '', data: { room: 'r1' }, state: 'unseen', count: 1 }],
        count: { unseen: 1, unread: 1, version: 1 },
      })
      expect(world.heard('ann')).toMatchObject([
        { type: 'notification.created', data: { notification: page.notifications[0]!, count: page.count } },
      ])
    })

    test('several of one call are each told with the count as it is after them', async () => {
      await using world = await openInbox({ ...place })
      await world.node.api().notify(toUser('ann', { title: '1' }), toUser('bob'), toUser('ann', { title: '2' }))
      expect(
        world.heard('ann').map(({ data }) => data as { notification: { title: string }; count: NotificationCount }),
      ).toMatchObject([
        { notification: { title: '1' }, count: { unseen: 1, unread: 1, version: 1 } },
        { notification: { title: '2' }, count: { unseen: 2, unread: 2, version: 2 } },
      ])
      expect((await world.node.api().list('ann')).notifications.map(({ title }) => title)).toEqual(['2', '1'])
    })

    test('pages go back to the first one, with nothing twice', async () => {
      await using world = await openInbox({ ...place })
      const api = world.node.api()
      await api.notify(...Array.from({ length: 25 }, (_, index) => toUser('ann', { title: `${index}` })))
      const titles: string[] = []
      for (let before: string | undefined; ; ) {
        const page = await api.list('ann', { limit: 10, ...(before === undefined ? {} : { before }) })
        titles.push(...page.notifications.map(({ title }) => title))
        before = page.before
        if (before === undefined) break
      }
      expect(titles).toEqual(Array.from({ length: 25 }, (_, index) => `${24 - index}`))
    })

    test('the same key again notifies nobody twice, whoever else it is for', async () => {
      await using world = await openInbox({ ...place })
      const api = world.node.api()
      await api.subscribe('ann', 'news')
      await api.notify(toUser('ann', { to: { topic: 'news' }, key: 'k' }))
      await api.subscribe('bob', 'news')
      expect(await api.notify(toUser('ann', { to: { topic: 'news' }, key: 'k' }))).toEqual({ notified: 2 })
      expect(await api.count('ann')).toMatchObject({ unread: 1 })
      expect(await api.count('bob')).toMatchObject({ unread: 1 })
    })

    test('what runs again for the same cause notifies nobody twice', async () => {
      await using world = await openInbox({ ...place })
      for (let run = 0; run < 2; run++) {
        const { inbox } = world.node.of('acme', { cause: 'event|7' })
        await inbox.notify(toUser('ann', { title: 'first' }))
        await inbox.notify(toUser('ann', { title: 'second' }))
      }
      expect(await world.node.api().count('ann')).toMatchObject({ unread: 2 })
    })

    test('a topic reaches those who follow it, and nobody who has ceased to', async () => {
      await using world = await openInbox({ ...place })
      const api = world.node.api()
      for (const userId of ['ann', 'bob', 'eve']) await api.subscribe(userId, 'ward 3')
      await api.subscribe('ann', 'ward 3')
      await api.unsubscribe('eve', 'ward 3')
      expect(await api.notify(toUser('', { to: { topic: 'ward 3' } }))).toEqual({ notified: 2 })
      expect(await api.topics('ann')).toEqual(['ward 3'])
      expect(await Promise.all(['ann', 'bob', 'eve'].map(async (userId) => (await api.count(userId)).unread))).toEqual([
        1, 1, 0,
      ])
    })

    test('a role reaches those who had it in their last token, or were given it since', async () => {
      await using world = await openInbox({ ...place })
      const { node } = world
      await node.person('ann', { roles: ['nurse', 'staff'] }).connects()
      await node.person('bob', { roles: ['nurse'] }).connects()
      await node.person('bob', { roles: ['porter'] }).connects()
      await node.api().setRoles('eve', ['nurse'])
      expect(await node.api().notify(toUser('', { to: { role: 'nurse' } }))).toEqual({ notified: 2 })
      expect((await node.api().count('bob')).unread).toBe(0)
      expect(node.audited.filter(({ action }) => action === 'administration')).toMatchObject([
        { action: 'administration', subject: 'eve', detail: { what: 'inbox.roles' } },
      ])
    })

    test('thousands of followers are notified in steps, by two nodes at once, each once', async () => {
      await using world = await openInbox({ ...place, nodes: 2 })
      const followers = Array.from({ length: 1_203 }, (_, index) => `user-${index}`)
      await follows(world, 'everybody', followers)
      expect(await world.node.api().notify(toUser('', { to: { topic: 'everybody' } }))).toEqual({ notified: 1_203 })
      expect(await world.rows('inbox_notification')).toBe(0)
      await world.until('the task is done', async () => (await world.rows('inbox_task')) === 0, 1_000)
      expect(await world.rows('inbox_notification')).toBe(1_203)
      await world.until('all are told', () => world.node.published.length >= 1_203)
      const told = world.node.published.map(({ room, data }) => [room, (data as { count: unknown }).count])
      expect(new Set(told.map(([room]) => room)).size).toBe(1_203)
      expect(told.every(([, count]) => (count as NotificationCount).unread === 1)).toBe(true)
    })

    test('what a node that died had begun to spread goes on where it was', async () => {
      await using world = await openInbox({ ...place })
      await follows(
        world,
        'everybody',
        Array.from({ length: 1_001 }, (_, index) => `user-${index}`),
      )
      const api = world.node.api()
      await api.notify(toUser('', { to: { topic: 'everybody' } }))
      // One step is done; what comes after it is another's.
      let steps = 0
      const stop = world.store.onCommitted(() => {
        if (++steps === 1) stop()
      })
      await world.until('a step is done', () => steps === 1, 1_000)
      await world.node.restarts()
      await world.until('the task is done', async () => (await world.rows('inbox_task')) === 0, 1_000)
      expect(await world.rows('inbox_notification')).toBe(1_001)
    })

    test('more than a notification may reach is refused, and nobody has it', async () => {
      await using world = await openInbox({ ...place, options: { reach: 600 } })
      await follows(
        world,
        'everybody',
        Array.from({ length: 601 }, (_, index) => `user-${index}`),
      )
      const refused = world.node.api().notify(toUser('ann'), toUser('', { to: { topic: 'everybody' } }))
      await expect(refused).rejects.toMatchObject({ code: 'too_large' })
      expect(await world.rows('inbox_notification')).toBe(0)
    })

    test('what a kind prefers decides where it goes', async () => {
      await using world = await openInbox({ ...place })
      const ann = world.node.person('ann')
      await ann.says('inbox:prefer', { kinds: { like: { inbox: false, push: false } } })
      await world.node.api().notify(toUser('ann', { kind: 'like' }), toUser('ann', { kind: 'mention' }))
      expect((await world.node.api().list('ann')).notifications.map((one) => one.kind)).toEqual(['mention'])
      expect(await ann.says('inbox:preferences', {})).toEqual({ kinds: { like: { inbox: false, push: false } } })
    })

    test('a digest gathers, and comes once when its while is over, though two nodes tell it and one comes back', async () => {
      const ways = { like: { inbox: true, push: true, digestMs: 60_000 } }
      await using world = await openInbox({ ...place, nodes: 2, options: { preferences: { kinds: ways } } })
      const api = world.node.api()
      for (let like = 1; like <= 5; like++) {
        await api.notify(toUser('ann', { kind: 'like', title: `like ${like}` }))
        await world.clock.advance(5_000)
      }
      await api.notify(toUser('bob', { kind: 'like' }))
      await world.nodes[1]!.restarts()
      expect(await api.count('ann')).toEqual({ unseen: 0, unread: 0, version: 0 })
      await world.until('ann has it', async () => (await api.count('ann')).unread > 0, 35_000)
      await world.until('bob has it', async () => (await world.rows('inbox_digest')) === 0, 30_000)
      await world.until('ann was told', () => world.heard('ann').length > 0)
      expect(await api.list('ann')).toMatchObject({
        notifications: [{ kind: 'like', title: 'like 5', count: 5 }],
        count: { unread: 1, version: 1 },
      })
      expect(world.heard('ann')).toHaveLength(1)
      await api.notify(toUser('ann', { kind: 'like', title: 'like 6' }))
      await world.until('the next one comes', async () => (await api.count('ann')).unread === 2, 60_000)
    })

    test('marking a million is one line and one event', async () => {
      await using world = await openInbox({ ...place })
      const api = world.node.api()
      for (let round = 0; round < 3; round++) await api.notify(...Array.from({ length: 1_000 }, () => toUser('ann')))
      const before = world.heard('ann').length
      const changes = await changedRows(world, () => api.mark({ userId: 'ann', as: 'read', ids: 'all' }))
      expect(changes).toBe(0)
      expect(world.heard('ann').slice(before)).toMatchObject([
        { type: 'notification.updated', data: { all: true, as: 'read', count: { unseen: 0, unread: 0 } } },
      ])
      expect((await api.list('ann', { states: ['unseen', 'seen'] })).notifications).toEqual([])
      expect((await api.list('ann', { limit: 2 })).notifications.map(({ state }) => state)).toEqual(['read', 'read'])
    })

    test('a mark that changes nothing says nothing', async () => {
      await using world = await openInbox({ ...place })
      const api = world.node.api()
      expect(await api.mark({ userId: 'ann', as: 'read', ids: 'all' })).toEqual({ unseen: 0, unread: 0, version: 0 })
      await api.notify(toUser('ann'))
      const first = await api.mark({ userId: 'ann', as: 'read', ids: 'all' })
      for (const as of ['seen', 'read'] as const) {
        expect(await api.mark({ userId: 'ann', as, ids: 'all' })).toEqual(first)
      }
      expect(world.heard('ann')).toHaveLength(2)
    })

    test('ids of others count nothing, and nobody learns that there are such', async () => {
      await using world = await openInbox({ ...place })
      const { node } = world
      await node.api().notify(toUser('bob'), toUser('ann'))
      await node.api('other').notify(toUser('ann'))
      const [ofBob] = (await node.api().list('bob')).notifications
      const [elsewhere] = (await node.api('other').list('ann')).notifications
      const ids = [ofBob!.id, elsewhere!.id, 'nothing']
      const count = await node.person('ann').says<NotificationCount>('inbox:mark', { as: 'read', ids })
      expect(count).toEqual({ unseen: 1, unread: 1, version: 1 })
      expect((await node.api().list('bob')).notifications[0]!.state).toBe('unseen')
      expect((await node.api('other').list('ann')).notifications[0]!.state).toBe('unseen')
    })

    test('what is notified in a change that fails was never there', async () => {
      await using world = await openInbox({ ...place })
      const { notify } = world.node.offered
      const store = world.store.of('acme')
      await expect(
        store.change(async (change) => {
          await notify!.in(change, 'acme', [toUser('ann')])
          throw new FanfareError('forbidden')
        }),
      ).rejects.toMatchObject({ code: 'forbidden' })
      expect(await world.rows('inbox_notification')).toBe(0)
      const mentions = [toUser('ann', { key: 'm1' }), toUser('|'.repeat(100), { key: 'm1' })]
      await store.change((change) => notify!.in(change, 'acme', mentions))
      await store.change((change) => notify!.in(change, 'acme', [toUser('ann', { key: 'm1' })]))
      expect(await world.node.api().count('ann')).toMatchObject({ unread: 1 })
    })

    test('what is too old goes, and the count with it', async () => {
      await using world = await openInbox({ ...place, options: { keep: '2m' } })
      const api = world.node.api()
      await api.notify(toUser('ann', { key: 'old' }), toUser('ann'), toUser('bob'))
      const [newest] = (await api.list('ann')).notifications
      await api.mark({ userId: 'ann', as: 'read', ids: [newest!.id] })
      await world.clock.advance(30_000)
      await api.notify(toUser('ann', { title: 'young' }))
      await world.until('the old ones are gone', async () => (await world.rows('inbox_notification')) === 1, 100_000)
      expect((await api.list('ann')).notifications.map(({ title }) => title)).toEqual(['young'])
      expect(await api.count('ann')).toMatchObject({ unseen: 1, unread: 1 })
      expect(await api.count('bob')).toMatchObject({ unseen: 0, unread: 0 })
      expect(world.heard('bob').at(-1)).toMatchObject({ type: 'notification.count', data: { count: { unread: 0 } } })
      await world.until('its key is gone', async () => (await world.rows('inbox_key')) === 0, 60_000)
    })

    test('of more than are kept for a user, the oldest go', async () => {
      await using world = await openInbox({ ...place, options: { perUser: 20 } })
      const api = world.node.api()
      await api.notify(...Array.from({ length: 600 }, (_, index) => toUser('ann', { title: `${index}` })))
      await world.until('20 are left', async () => (await world.rows('inbox_notification')) === 20, 1_000)
      await world.until('the task is done', async () => (await world.rows('inbox_task')) === 0)
      expect(await api.count('ann')).toMatchObject({ unseen: 20, unread: 20 })
      expect((await api.list('ann', { limit: 1 })).notifications[0]!.title).toBe('599')
    })

    test('tenants with the same users, topics, roles and keys have nothing in common', async () => {
      await using world = await openInbox({ ...place })
      const [one, other] = [world.node.api('one'), world.node.api('other')]
      await one.subscribe('ann', 'news')
      await one.setRoles('ann', ['nurse'])
      await one.setPreferences('ann', { kinds: { '*': { inbox: false, push: false } } })
      expect(await other.notify(toUser('', { to: { topic: 'news' } }))).toEqual({ notified: 0 })
      expect(await other.notify(toUser('', { to: { role: 'nurse' } }))).toEqual({ notified: 0 })
      await one.notify(toUser('bob', { key: 'k' }))
      expect(await other.notify(toUser('bob', { key: 'k' }), toUser('ann'))).toEqual({ notified: 2 })
      expect(await other.count('ann')).toMatchObject({ unread: 1 })
      expect((await one.list('ann')).notifications).toEqual([])
      expect(await one.count('bob')).toMatchObject({ unread: 1, version: 1 })
    })
  })
}

type World = Awaited<ReturnType<typeof openInbox>>

/** Straight into the store: a thousand calls would take a second. */
const follows = async (world: World, topic: string, users: readonly string[]): Promise<void> => {
  await world.store.of('acme').change(({ rows }) =>
    rows
      .insertInto('inbox_follow')
      .values(users.map((user_id) => ({ topic, user_id })))
      .execute(),
  )
}

/** How many notifications have another row after it. */
const changedRows = async (world: World, work: () => Promise<unknown>): Promise<number> => {
  const read = () =>
    world.store
      .of('acme')
      .read((rows) => rows.selectFrom('inbox_notification').select(['id', 'state', 'changed']).execute())
  const before = new Map((await read()).map((row) => [row.id, JSON.stringify(row)]))
  await work()
  return (await read()).filter((row) => before.get(row.id) !== JSON.stringify(row)).length
}
