/** A tenant that has something of everything, on a real node, for tests of what becomes of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { createApiKeys } from '../auth/api-keys.ts'
import { configWith } from '../config.ts'
import { defineApp } from '../features.ts'
import { silentLog } from '../lib/log.ts'
import { type RunningServer, startServer } from '../server.ts'

const Said = z.object({ text: z.string() })

export const practice = defineApp({
  rooms: {
    'ward:{ward}': {
      events: { said: Said },
      log: { keep: 100, for: '1d', durable: true },
      access: 'tenant',
      publish: 'tenant',
      presence: true,
    },
    'file:{name}': { events: { said: Said }, log: { archive: '30d' }, access: 'tenant', publish: 'tenant' },
  },
  commands: {},
  socketio: { recovery: { for: '1h' } },
})

type Settings = Parameters<typeof configWith>[0]

export const startPractice = (settings: Settings): Promise<RunningServer> =>
  startServer({
    app: practice,
    log: silentLog,
    config: configWith({
      port: 0,
      logLevel: 'silent',
      secret: 'a secret of this test that is long enough to sign',
      ...settings,
    }),
  })

/** What stands in everything that the tenant says: to be looked for where nothing of it may be. */
export const canaryOf = (tenantId: string): string => `kanari-${tenantId}`

/** Something in every table, file and kind of key that there is. */
export const fill = async ({ services }: RunningServer, tenantId: string): Promise<void> => {
  const canary = canaryOf(tenantId)
  const ann = services.contextOf({ tenantId, userId: 'ann' })
  for (let which = 0; which < 5; which++) {
    await ann.publish('ward:3', 'said', { text: `${canary} ${which}` }, { key: `key-${which}` })
    await ann.publish('file:1', 'said', { text: `${canary} ${which}` })
  }
  const { id: roomId } = await ann.chat.createRoom({ title: canary, members: [{ userId: 'ann' }, { userId: 'bob' }] })
  for (let which = 0; which < 5; which++)
    await ann.chat.send({ roomId, userId: 'ann', text: `${canary} chat ${which}` })
  await ann.inbox.notify({ to: { userId: 'bob' }, kind: 'test', title: canary })
  await ann.status.set('ann', { state: 'busy', text: canary })
  await ann.cache.set(`${canary}-key`, canary)
  const { grants, revokeTokens } = services.auth
  await grants.grant(tenantId, 'ann', ['read:patient:1'])
  await revokeTokens(tenantId, 'mallory')
  await services.engine.presence.enter(
    { room: `${tenantId.length}:${tenantId}|ward:3` as never, userId: 'ann', session: 's1@x' },
    null,
  )
  await services.engine.sessions.create(
    {
      session: `session-of-${tenantId}`,
      secret: 'hash',
      tenantId,
      userId: 'ann',
      namespace: '/',
      node: 'gone',
      rooms: [],
      data: { canary },
    },
    3_600_000,
  )
  await services.engine.leases.hold([{ kind: 'user', tenantId, name: canary }] as never, 3_600_000)
  await services.audit.record({ tenantId, action: 'administration', actor: { kind: 'operator' } })
}

export const addKey = async (keys: Parameters<typeof createApiKeys>[0], tenantId: string): Promise<string> =>
  (await createApiKeys(keys).create({ tenantId, name: canaryOf(tenantId), scopes: ['read'] })).key

/** Every file of a folder in which the bytes stand. */
export const filesWith = (folder: string, text: string): readonly string[] =>
  readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text))
