/** The contract of features, by a small one of its own: notes, which a user keeps and others may read. */
import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { z } from 'zod'
import type { AppContext, FeatureContext } from '../app/app.ts'
import { command } from '../app/define-app.ts'
import { describeFeature } from '../app/feature-description.ts'
import { serverRoute } from '../app/server-route.ts'
import type { GreetedSession } from '../flows/open-features.ts'
import type { Feature, FeatureName, FeatureServices } from './feature.ts'
import { openFeature } from './feature.world.ts'

const Note = z.object({ text: z.string().min(1).max(20) })

type NotesApi = {
  keep(userId: string, text: string): Promise<{ readonly duplicate: boolean; readonly offset: number }>
  seen(): { readonly userId?: string; readonly keys: readonly (string | undefined)[] }
}
/** The test's feature has no place in the types of all applications. */
const notesOf = (context: AppContext): NotesApi => (context as unknown as { notes: NotesApi }).notes

const describe = ({ loud = false }: { readonly loud?: boolean }) =>
  describeFeature({
    rooms: {
      'notes:{userId}': {
        events: { 'note.kept': Note },
        log: { keep: 10 },
        access: async ({ user, params, context }) => {
          if (params.userId === 'broken') throw new FanfareError('unavailable', 'the notes are away')
          return params.userId === user.id || (await context.cache.get(`open ${params.userId}`)) === true
        },
      },
      'notes:{userId}:heard': { events: { 'note.heard': Note }, access: 'tenant' },
    },
    commands: {
      'note:keep': command(Note, (context, { text }) => notesOf(context).keep(context.user.id, text)),
    },
    on: {
      'note.kept': async (context, event) => {
        if (event.data.text === 'fail') throw new Error('no')
        const text = loud ? event.data.text.toUpperCase() : event.data.text
        await context.publish('notes:all:heard', 'note.heard', { text })
      },
    },
    routes: {
      'POST /v1/notes/{userId}': serverRoute(
        { scope: 'publish', room: 'notes:{userId}', body: Note },
        async (context, { body }) => notesOf(context).keep(context.params.userId ?? '', body.text),
      ),
      'GET /v1/notes': serverRoute(
        { scope: 'read', query: z.object({ limit: z.coerce.number().int().default(5) }) },
        (_, { query }) => ({ limit: query.limit }),
      ),
    },
    lifecycle: {
      'user.offline': async (context, { userId }) => {
        await context.publish('notes:all:heard', 'note.heard', { text: `${userId} left` })
      },
    },
  })

const notes = {
  name: 'notes' as FeatureName,
  describe,
  schema: { owner: 'notes', tables: [], migrations: [] },
  open: async ({ find, offer, of, audit, isOnline }: FeatureServices) => {
    offer('notify', { in: async () => {} })
    return {
      api: (context: FeatureContext) => {
        const keys: (string | undefined)[] = []
        return {
          async keep(userId, text) {
            const key = context.key()
            keys.push(key)
            if (!(await isOnline(context.tenantId, userId))) await audit.record(auditOf(context.tenantId, userId))
            await find('notify')?.in({} as never, context.tenantId, [{ to: { userId }, kind: 'note', title: text }])
            const { duplicate, offset } = await context.publish(
              `notes:${userId}`,
              'note.kept',
              { text },
              key === undefined ? {} : { key },
            )
            return { duplicate, offset }
          },
          seen: () => ({ ...(context.userId === undefined ? {} : { userId: context.userId }), keys }),
        } satisfies NotesApi
      },
      connected: ({ identity: { tenantId, userId, roles } }: GreetedSession) =>
        of(tenantId).cache.set(`roles ${userId}`, [...roles]),
      stop: async () => {},
    }
  },
} as unknown as Feature<FeatureName>

const auditOf = (tenantId: string, subject: string) =>
  ({ tenantId, action: 'administration', actor: { kind: 'application' }, subject }) as const

const openNotes = () => openFeature(notes)

test('a user’s command goes through its schema and reaches the feature by the context', async () => {
  await using world = await openNotes()
  const ann = world.person('ann')
  expect(await ann.says('note:keep', { text: 'milk' })).toEqual({ duplicate: false, offset: 1 })
  expect(world.heard('notes:ann')).toMatchObject([{ type: 'note.kept', userId: 'ann', data: { text: 'milk' } }])
  await expect(ann.says('note:keep', { text: '' })).rejects.toMatchObject({ code: 'invalid_payload' })
  expect(world.notified).toMatchObject([{ tenantId: 'acme', to: { userId: 'ann' }, title: 'milk' }])
  expect(world.audited).toContainEqual(expect.objectContaining({ action: 'administration', subject: 'ann' }))
  expect(Object.keys(world.offered)).toEqual(['notify'])
})

test('a command that is retried with its key has one effect, also where nobody remembers its answer', async () => {
  await using world = await openNotes()
  const ann = world.person('ann')
  const first = await ann.says('note:keep', { text: 'milk' }, { key: 'k' })
  expect(await ann.says('note:keep', { text: 'milk' }, { key: 'k' })).toEqual(first)
  // The same cause, as another node has it, which has not heard of the answer.
  const again = { cause: 'command|3:ann|note:keep|k', userId: 'ann' }
  expect(await notesOf(world.of('acme', again)).keep('ann', 'milk')).toEqual({ duplicate: true, offset: 1 })
  expect(world.heard('notes:ann')).toHaveLength(1)
})

test('what an API and its context do for one cause is counted together, so no two deeds have one key', async () => {
  await using world = await openNotes()
  const context = world.of('acme', { cause: 'c' })
  await context.publish('notes:ann', 'note.kept', { text: 'a' })
  await notesOf(context).keep('ann', 'b')
  await notesOf(context).keep('ann', 'c')
  expect(world.heard('notes:ann').map(({ data }) => data)).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }])
  expect(notesOf(context).seen().keys).toEqual(['c|1', 'c|3'])
})

test('a copy of a context has the same API, and a context that nobody asks makes none', async () => {
  await using world = await openNotes()
  const context = world.of('acme', { userId: 'ann' })
  const copy = { ...context }
  expect(notesOf(copy)).toBe(notesOf(context))
  expect(notesOf(copy).seen()).toEqual({ userId: 'ann', keys: [] })
  const untouched = world.of('acme')
  expect(Object.getOwnPropertyDescriptor(untouched, 'notes')?.get).toBeFunction()
})

test('rules of access look things up; one whose store is away is no refusal', async () => {
  await using world = await openNotes()
  const bob = world.person('bob')
  expect(await bob.may('subscribe', 'notes:ann')).toBe(false)
  await world.of().cache.set('open ann', true)
  expect(await bob.may('subscribe', 'notes:ann')).toBe(true)
  await expect(bob.may('subscribe', 'notes:broken')).rejects.toMatchObject({ code: 'unavailable' })
  await bob.enters('notes:bob')
  expect([...world.whereabouts.inside.keys()]).toEqual(['acme bob notes:bob'])
  bob.goes()
  expect(world.whereabouts.online.size + world.whereabouts.inside.size).toBe(0)
})

test('an application reacts to a feature’s events besides the feature, and each has keys of its own', async () => {
  const seen: string[] = []
  await using world = await openFeature(notes, {
    app: {
      on: {
        'note.kept': async (context: AppContext, event: { readonly data: unknown }) => {
          seen.push((event.data as { text: string }).text)
          await context.publish('notes:all:heard', 'note.heard', { text: 'heard it too' })
        },
      },
    },
  })
  await world.person('ann').says('note:keep', { text: 'milk' })
  await world.settled()
  expect(seen).toEqual(['milk'])
  expect(world.heard('notes:all:heard').map(({ data }) => data)).toEqual([{ text: 'heard it too' }, { text: 'milk' }])
})

test('a reaction of the application that throws keeps no feature from its own', async () => {
  await using world = await openFeature(notes, {
    app: { on: { 'note.kept': () => Promise.reject(new Error('mine failed')) } },
  })
  await world.person('ann').says('note:keep', { text: 'milk' })
  await world.settled()
  expect(world.heard('notes:all:heard')).toHaveLength(1)
  expect(world.logged.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('a tenant’s server needs a key of the right scope, for the room at least, and sends what the schema takes', async () => {
  await using world = await openNotes()
  const keep = (scopes: readonly string[], json: unknown = { text: 'tea' }) =>
    world.asks('POST /v1/notes/ann', { scopes, json })
  expect((await keep(['read'])).status).toBe(403)
  expect((await keep(['publish:notes:bob'])).status).toBe(403)
  expect((await keep(['publish:notes:*'])).status).toBe(200)
  expect(await (await keep(['publish'])).json()).toEqual({ duplicate: false, offset: 2 })
  const wrong = await keep(['publish'], { text: 7 })
  expect(wrong.status).toBe(422)
  expect(await wrong.json()).toMatchObject({ code: 'invalid_payload', detail: expect.stringContaining('text') })
  expect((await world.asks('POST /v1/notes/ann', { scopes: ['publish'] })).status).toBe(400)
  expect(await (await world.asks('GET /v1/notes?limit=2', { scopes: ['read'] })).json()).toEqual({ limit: 2 })
  const user = world.person('ann')
  expect((await user.asks('GET /v1/notes')).status).toBe(403)
  const admin = world.person('eva', { roles: ['admin'] })
  expect(await (await admin.asks('GET /v1/notes')).json()).toEqual({ limit: 5 })
})

test('features hear who connects with which roles, and that a user is gone', async () => {
  await using world = await openNotes()
  await world.person('ann', { roles: ['nurse'] }).connects()
  expect(await world.of().cache.get('roles ann')).toEqual(['nurse'])
  await world.offline('ann')
  expect(world.heard('notes:all:heard').map(({ data }) => data)).toEqual([{ text: 'ann left' }])
})

test('a feature that has stopped is refused, and works again once it is opened', async () => {
  await using world = await openNotes()
  await world.restarts()
  expect(await notesOf(world.of()).keep('ann', 'x')).toEqual({ duplicate: false, offset: 1 })
  const stale = world.of()
  world.services.features.stopped('notes')
  await expect(notesOf(stale).keep('ann', 'x')).rejects.toMatchObject({ code: 'unavailable' })
  // Waiting for the API itself is no call of it.
  expect(await (notesOf(stale) as unknown)).toBeDefined()
})
