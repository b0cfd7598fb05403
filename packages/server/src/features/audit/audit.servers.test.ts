/** The audit on PostgreSQL: nodes that share a chain, triggers that hold whoever the nodes are, and what a superuser did past them (S-19). */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemClock } from '../../lib/clock.ts'
import { uuidv7 } from '../../lib/ids.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import type { OpenedStore } from '../../store/create-store.ts'
import { openStore } from '../../store/open-store.ts'
import { type PostgresServer, startPostgres, type TestDatabase } from '../../store/postgres.world.ts'
import { append } from './append.ts'
import { chainOn, chainStart, type KeptEntry } from './chain.ts'
import { keepStatement } from './checkpoints.ts'
import { readChain, readHead } from './read.ts'
import { type SignedStatement, signerOf } from './signing.ts'
import { auditSchema } from './tables.ts'
import type { Verdict } from './verify.ts'
import { tenantsWithAudit, verifyTenant } from './verify-store.ts'

const signer = signerOf(Buffer.from('the key of this test'))
let server: PostgresServer
let database: TestDatabase
const stores: OpenedStore[] = []

beforeAll(async () => {
  server = await startPostgres()
  database = await server.database()
  for (let node = 0; node < 2; node++) {
    const place = { kind: 'postgres', url: database.url, connections: 4 } as const
    const shared = { schemas: [auditSchema], encryptionKeys: [], mode: 'development', clock: systemClock } as const
    stores.push(await openStore({ ...shared, place, ids: uuidv7, log: silentLog, metrics: noMetrics }))
  }
}, 30_000)
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await server?.[Symbol.asyncDispose]()
})

const node = (which: number): OpenedStore => {
  const store = stores[which]
  if (!store) throw new Error('There is no such node.')
  return store
}

const entry = (subject: string): KeptEntry => ({
  at: 1_700_000_000_000,
  action: 'history.read',
  actorKind: 'user',
  actorId: 'ann',
  subject,
  detail: null,
})

const tell = (store: OpenedStore, tenantId: string, subjects: readonly string[]) =>
  store.of(tenantId).change(({ rows }) => append(rows, { tenantId, entries: subjects.map(entry), dueAt: 1 }))

const numbers = (count: number) => Array.from({ length: count }, (_, which) => String(which + 1))

const verify = (tenantId: string, outside: readonly SignedStatement[] = []): Promise<Verdict> =>
  verifyTenant(node(1), { tenantId, keys: new Set([signer.key]), outside })

const checkpointOf = async (tenantId: string): Promise<SignedStatement> => {
  const head = await node(0).of(tenantId).read(readHead)
  if (!head) throw new Error(`${tenantId} has no chain.`)
  return signer.sign({ kind: 'checkpoint', tenantId, number: head.number, hash: head.hash, at: 1_700_000_000_000 })
}

/** A superuser, whom neither triggers nor row-level security hold. */
const tamper = async (...statements: readonly string[]) =>
  database.query(`SET session_replication_role = replica; ${statements.join('; ')}`)

test('nodes that append at once make one chain for each tenant', async () => {
  const work: Promise<unknown>[] = []
  for (let round = 0; round < 40; round++) {
    for (const store of stores) {
      for (const tenantId of ['shared', 'beside']) work.push(tell(store, tenantId, numbers((round % 3) + 1)))
    }
  }
  await Promise.all(work)
  expect(await verify('shared')).toMatchObject({ rows: 158, last: 158, problems: [] })
  expect(await verify('beside')).toMatchObject({ rows: 158, problems: [] })
  expect(await tenantsWithAudit(node(0))).toEqual(expect.arrayContaining(['beside', 'shared']))
})

test('the database refuses the nodes themselves to change, delete or empty it', async () => {
  await tell(node(0), 'kept', numbers(3))
  const checkpoint = await checkpointOf('kept')
  await node(0)
    .of('kept')
    .change(({ rows }) => keepStatement(rows, checkpoint))
  const asTheNodes = node(0).of('kept')
  const attempts = [
    () => asTheNodes.change(({ rows }) => rows.updateTable('audit_entry').set({ actor_id: 'eve' }).execute()),
    () => asTheNodes.change(({ rows }) => rows.deleteFrom('audit_entry').execute()),
    () => asTheNodes.change(({ rows }) => rows.updateTable('audit_statement').set({ at: 1 }).execute()),
    () => asTheNodes.change(({ rows }) => rows.deleteFrom('audit_statement').execute()),
    () => asTheNodes.change(({ rows }) => rows.deleteFrom('audit_head').execute()),
    () => database.query('TRUNCATE audit_entry'),
    () => database.query('TRUNCATE audit_statement'),
    () => database.query("UPDATE audit_entry SET actor_id = 'eve' WHERE tenant_id = 'kept'"),
  ]
  for (const attempt of attempts) await expect(attempt()).rejects.toThrow()
  expect(await verify('kept')).toMatchObject({ rows: 3, signed: 3, problems: [] })
})

test('what a superuser edits past the triggers is found', async () => {
  await tell(node(0), 'edited', numbers(10))
  await tamper("UPDATE audit_entry SET actor_id = 'eve' WHERE tenant_id = 'edited' AND number = 4")
  expect((await verify('edited')).problems).toMatchObject([{ kind: 'changed', number: 4 }])
})

test('what a superuser deletes is found', async () => {
  await tell(node(0), 'deleted', numbers(10))
  await tamper("DELETE FROM audit_entry WHERE tenant_id = 'deleted' AND number IN (5, 6)")
  expect((await verify('deleted')).problems).toMatchObject([
    { kind: 'deleted', number: 5, text: 'entries 5 to 6 are missing' },
  ])
})

test('what a superuser puts in another place is found', async () => {
  await tell(node(0), 'moved', numbers(10))
  await tamper(
    "UPDATE audit_entry SET number = -1 WHERE tenant_id = 'moved' AND number = 3",
    "UPDATE audit_entry SET number = 3 WHERE tenant_id = 'moved' AND number = 8",
    "UPDATE audit_entry SET number = 8 WHERE tenant_id = 'moved' AND number = -1",
  )
  const { problems } = await verify('moved')
  expect(problems.filter(({ kind }) => kind === 'moved').map(({ number }) => number)).toEqual([3, 8])
})

test('what a superuser cuts off is found by a checkpoint kept elsewhere', async () => {
  await tell(node(0), 'cut', numbers(10))
  const elsewhere = await checkpointOf('cut')
  await tamper(
    "DELETE FROM audit_entry WHERE tenant_id = 'cut' AND number > 6",
    `UPDATE audit_head SET number = 6, hash = (SELECT hash FROM audit_entry WHERE tenant_id = 'cut' AND number = 6)
      WHERE tenant_id = 'cut'`,
  )
  expect((await verify('cut')).problems).toEqual([])
  expect((await verify('cut', [elsewhere])).problems).toMatchObject([{ kind: 'truncated', number: 7 }])
})

test('what a superuser writes anew, with every hash, is found by a checkpoint kept elsewhere', async () => {
  await tell(node(0), 'anew', numbers(10))
  const elsewhere = await checkpointOf('anew')
  const rows = await node(0)
    .of('anew')
    .read((all) => readChain(all, {}))
  const forged = chainOn(
    'anew',
    chainStart,
    rows.map(({ number, hash: _, ...kept }) => (number === 2 ? { ...kept, subject: 'nothing' } : kept)),
  )
  await tamper(
    ...forged.map(
      ({ number, hash, subject }) =>
        `UPDATE audit_entry SET hash = '${hash}', subject = '${subject}' WHERE tenant_id = 'anew' AND number = ${number}`,
    ),
    `UPDATE audit_head SET hash = '${forged.at(-1)?.hash}' WHERE tenant_id = 'anew'`,
  )
  expect((await verify('anew')).problems).toEqual([])
  expect((await verify('anew', [elsewhere])).problems).toMatchObject([{ kind: 'rewritten', number: 10 }])
})
