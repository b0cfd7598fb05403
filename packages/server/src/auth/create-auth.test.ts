import { expect, test } from 'bun:test'
import type { MintClaims } from '../app/app.ts'
import { deferred } from '../lib/deferred.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { TrustStore } from '../store/trust-store.ts'
import { sqliteTrustStore, trustMigrations } from '../store/trust-store-sqlite.ts'
import { createAuth } from './create-auth.ts'
import { fixedKeys, secretKey } from './keys.ts'
import { mintToken } from './mint.ts'
import { memoryTickets } from './tickets.ts'

const key = await secretKey(new TextEncoder().encode('kT7mXw2pQz9rLs4vBn6hJd8fGc3yAe5u'))

const storeOf = () => sqliteTrustStore(openSqlite({ path: ':memory:', migrations: trustMigrations }))
const world = (store: TrustStore = storeOf(), clock = fakeClock()) => {
  const node = () => createAuth({ clock, keys: [fixedKeys([key])], store, tickets: memoryTickets({ clock }) })
  const auth = node()
  const token = (claims: Partial<MintClaims> = {}) =>
    mintToken({ tenantId: 'acme', userId: 'ann', ...claims }, { key, now: clock.now() })
  const user = async (claims: Partial<MintClaims> = {}, at = auth) =>
    at.userOf(await at.verifyToken(await token(claims)))
  return { auth, clock, node, store, token, user }
}

test('a user may what the token grants, and has its roles and claims', async () => {
  const ann = await world().user({ roles: ['nurse'], grants: ['read:patient:42'], claims: { ward: 7 } })
  expect([ann.tenantId, ann.id, ann.roles, ann.claims]).toEqual(['acme', 'ann', ['nurse'], { ward: 7 }])
  expect([ann.is('nurse'), ann.is('doctor')]).toEqual([true, false])
  expect([ann.may('read', 'patient', '42'), ann.may('read', 'patient', '43'), ann.may('read', 'patient')]).toEqual([
    true,
    false,
    false,
  ])
})

test('a user who is here sees every change at once', async () => {
  const { auth, user } = world()
  const ann = await user({ grants: ['read:patient:*'] })
  await auth.grants.revoke('acme', 'ann', ['read:patient:42'])
  expect([ann.may('read', 'patient', '42'), ann.may('read', 'patient', '43')]).toEqual([false, true])
  await auth.grants.grant('acme', 'ann', ['read:patient:42', 'write:note'])
  expect([ann.may('read', 'patient', '42'), ann.may('write', 'note', '1')]).toEqual([true, true])
  expect(await auth.grants.list('acme', 'ann')).toEqual({ granted: ['read:patient:42', 'write:note'], revoked: [] })
})

test('a revocation is there before a new session asks anything, by token and by ticket, after a restart too', async () => {
  const { auth, clock, store, token } = world()
  const claims = { grants: ['read:patient:*'] }
  const { ticket } = await auth.issueTicket(await auth.verifyToken(await token(claims)))
  await auth.grants.revoke('acme', 'ann', ['read:patient:42'])
  const byTicket = auth.userOf(await auth.redeemTicket(ticket))
  expect([byTicket.may('read', 'patient', '42'), byTicket.may('read', 'patient', '43')]).toEqual([false, true])
  const restarted = world(store, clock)
  const ann = await restarted.user(claims)
  expect([ann.may('read', 'patient', '42'), ann.may('read', 'patient', '43')]).toEqual([false, true])
})

test('another tenant’s user of the same name is somebody else', async () => {
  const { auth, user } = world()
  await auth.grants.grant('acme', 'ann', ['read:patient'])
  await auth.grants.revoke('other', 'ann', ['read:patient'])
  const ours = await user()
  const theirs = await user({ tenantId: 'other', grants: ['read:bed'] })
  expect([
    ours.may('read', 'patient', '1'),
    theirs.may('read', 'patient', '1'),
    theirs.may('read', 'bed', '1'),
  ]).toEqual([true, false, true])
})

test('another node’s change counts after reload, and without one by the next sign-in half a minute later', async () => {
  const { clock, node, user } = world()
  const [here, there] = [node(), node()]
  const ann = await user({ grants: ['read:patient'] }, here)
  await there.grants.revoke('acme', 'ann', ['read:patient:42'])
  expect(ann.may('read', 'patient', '42')).toBe(true)
  await here.grants.reload('acme', 'ann')
  expect(ann.may('read', 'patient', '42')).toBe(false)
  await there.grants.revoke('acme', 'ann', ['read:patient:43'])
  await clock.advance(30_001)
  await user({}, here)
  expect(ann.may('read', 'patient', '43')).toBe(false)
})

test('of two reads at once, the older answer never overwrites the newer', async () => {
  const store = storeOf()
  const gates = [deferred<void>(), deferred<void>()]
  let reads = 0
  const { auth, user } = world({
    ...store,
    users: {
      ...store.users,
      async read(tenantId, userId) {
        const answer = await store.users.read(tenantId, userId)
        const gate = reads++
        if (gate > 0) await gates[gate - 1]?.promise
        return answer
      },
    },
  })
  const ann = await user({ grants: ['read:patient'] })
  const older = auth.grants.reload('acme', 'ann')
  await Promise.resolve()
  const newer = auth.grants.revoke('acme', 'ann', ['read:patient'])
  gates[1]?.resolve()
  await newer
  expect(ann.may('read', 'patient', '42')).toBe(false)
  gates[0]?.resolve()
  await older
  expect(ann.may('read', 'patient', '42')).toBe(false)
})

test('changes at the same time all count', async () => {
  const { auth } = world()
  const ids = Array.from({ length: 50 }, (_, index) => `read:patient:${index}`)
  await Promise.all(ids.map((pattern) => auth.grants.grant('acme', 'ann', [pattern])))
  expect((await auth.grants.list('acme', 'ann')).granted).toEqual(ids)
})

test('a store that cannot be read lets nobody in, and says to come back', async () => {
  const store = storeOf()
  const down = { ...store.users, read: () => Promise.reject(new Error('disk full')) }
  const { auth, token } = world({ ...store, users: down })
  await expect(auth.verifyToken(await token())).rejects.toMatchObject({ code: 'unavailable', retry: 'later' })
  await expect(auth.grants.list('acme', 'ann')).rejects.toMatchObject({ code: 'unavailable' })
})

test('an identity that is not from here may nothing, whatever it says', () => {
  const { auth } = world()
  const forged = auth.userOf({
    tenantId: 'acme',
    userId: 'ann',
    roles: [],
    grants: ['*:*'],
    claims: {},
    expiresAt: Number.POSITIVE_INFINITY,
  })
  expect(forged.may('read', 'patient', '42')).toBe(false)
})

test('after a sign-out everywhere no earlier token or ticket works, and later ones do', async () => {
  const { auth, clock, token, user } = world()
  const before = await token()
  const identity = await auth.verifyToken(before)
  const { ticket } = await auth.issueTicket(identity)
  await clock.advance(500)
  await auth.revokeTokens('acme', 'ann')
  await expect(auth.verifyToken(before)).rejects.toMatchObject({ code: 'unauthenticated' })
  await expect(auth.redeemTicket(ticket)).rejects.toMatchObject({ code: 'unauthenticated' })
  expect((await user({ userId: 'bob' })).id).toBe('bob')
  await clock.advance(1_000)
  expect((await user()).id).toBe('ann')
  await auth.grants.grant('acme', 'ann', ['read:patient'])
  await expect(auth.verifyToken(before)).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('refuses what is no grant, no tenant, no user, and too many', async () => {
  const { grants } = world().auth
  await expect(grants.grant('acme', 'ann', ['read:a', 'read'])).rejects.toMatchObject({ code: 'invalid_payload' })
  await expect(grants.revoke('a|b', 'ann', ['read:a'])).rejects.toMatchObject({ code: 'bad_name' })
  await expect(grants.revoke('acme', 'a\0', ['read:a'])).rejects.toMatchObject({ code: 'invalid_payload' })
  await expect(grants.list('a|b', 'ann')).rejects.toMatchObject({ code: 'bad_name' })
  expect(await grants.list('acme', 'ann')).toEqual({ granted: [], revoked: [] })
  const many = Array.from({ length: 1_001 }, (_, index) => `read:patient:${index}`)
  await expect(grants.grant('acme', 'ann', many)).rejects.toMatchObject({ code: 'too_large' })
  expect((await grants.list('acme', 'ann')).granted).toEqual([])
})

test('servers come in by their keys', async () => {
  const { auth } = world()
  const { key: apiKey, id } = await auth.keys.create({ tenantId: 'acme', name: 'lab', scopes: ['publish'] })
  expect(await auth.verifyKey(apiKey)).toMatchObject({ kind: 'server', tenantId: 'acme', keyId: id })
})
