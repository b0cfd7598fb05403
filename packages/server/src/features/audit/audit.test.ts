/** The audit over a real store: chains of many tellers, what is kept together with what it tells of, and who cannot change it. */
import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { operatorTenant } from '../../model/audit.ts'
import { aboutAnn, openAudit } from './audit.world.ts'

test('what is told is in the chain of its tenant, in order, and the chain is in order', async () => {
  await using world = await openAudit()
  await world.audit.record(aboutAnn('session.opened', 's1'))
  await world.audit.record(aboutAnn('room.subscribed', 'patient:42'))
  await world.audit.record({ ...aboutAnn('session.opened', 's2'), tenantId: 'other' })
  expect(await world.told('clinic')).toEqual(['session.opened s1', 'room.subscribed patient:42'])
  expect(await world.told('other')).toEqual(['session.opened s2'])
  expect(await world.verify('clinic')).toMatchObject({ rows: 2, problems: [] })
})

test('entries of a tick go together, whoever awaits them', async () => {
  await using world = await openAudit()
  const before = world.changes()
  await Promise.all(
    Array.from({ length: 300 }, (_, which) => world.audit.record(aboutAnn('room.subscribed', `r:${which}`))),
  )
  expect(world.changes() - before).toBe(1)
  expect(await world.verify('clinic')).toMatchObject({ rows: 300, problems: [] })
})

test('nodes that append at once make one chain', async () => {
  await using world = await openAudit()
  await using other = await world.anotherNode()
  const tell = (node: typeof world.audit, name: string) =>
    Promise.all(Array.from({ length: 50 }, (_, which) => node.record(aboutAnn('room.subscribed', `${name}:${which}`))))
  for (let round = 0; round < 4; round++)
    await Promise.all([tell(world.audit, `a${round}`), tell(other.audit, `b${round}`)])
  expect(await world.verify('clinic')).toMatchObject({ rows: 400, last: 400, problems: [] })
})

test('an entry in a change is kept exactly if the change is', async () => {
  await using world = await openAudit()
  const store = world.store.of('clinic')
  await store.change((change) => world.offered.in(change, [aboutAnn('message.deleted', 'm1')]))
  const failed = store.change(async (change) => {
    await world.offered.in(change, [aboutAnn('message.deleted', 'm2')])
    throw new Error('the change fails')
  })
  await expect(failed).rejects.toThrow('the change fails')
  await world.audit.record(aboutAnn('message.deleted', 'm3'))
  expect(await world.told('clinic')).toEqual(['message.deleted m1', 'message.deleted m3'])
  expect(await world.verify('clinic')).toMatchObject({ problems: [] })
})

test('the database itself refuses to change or delete an entry, a signature or a head', async () => {
  await using world = await openAudit()
  await world.audit.record(aboutAnn('session.opened', 's1'))
  await world.clock.advance(3_600_000)
  await world.eventually(async () => (await world.verify('clinic')).signed === 1)
  const { store } = world
  const tampered = [
    () => store.of('clinic').change(({ rows }) => rows.updateTable('audit_entry').set({ actor_id: 'eve' }).execute()),
    () => store.of('clinic').change(({ rows }) => rows.deleteFrom('audit_entry').execute()),
    () => store.of('clinic').change(({ rows }) => rows.deleteFrom('audit_head').execute()),
    () => store.of('clinic').change(({ rows }) => rows.updateTable('audit_statement').set({ at: 1 }).execute()),
    () => store.of('clinic').change(({ rows }) => rows.deleteFrom('audit_statement').execute()),
  ]
  for (const change of tampered) await expect(change()).rejects.toThrow('never changed')
  expect(await world.verify('clinic')).toMatchObject({ rows: 1, signed: 1, problems: [] })
})

test('what happens all the time is kept once a minute', async () => {
  await using world = await openAudit()
  for (let time = 0; time < 50; time++) {
    await world.audit.record({ tenantId: 'clinic', action: 'key.used', actor: { kind: 'server', id: 'k1' } })
    await world.audit.record(aboutAnn('room.published', 'patient:42'))
    await world.audit.record(aboutAnn('history.read', 'patient:42'))
  }
  const told = await world.told('clinic')
  expect(told.filter((one) => one.startsWith('key.used'))).toHaveLength(1)
  expect(told.filter((one) => one.startsWith('room.published'))).toHaveLength(1)
  expect(told.filter((one) => one.startsWith('history.read'))).toHaveLength(50)
  await world.clock.advance(60_000)
  await world.audit.record(aboutAnn('room.published', 'patient:42'))
  expect((await world.told('clinic')).filter((one) => one.startsWith('room.published'))).toHaveLength(2)
})

test('refusals of those whom nobody knows are counted, so that they fill nothing', async () => {
  await using world = await openAudit()
  const unknown = {
    tenantId: operatorTenant,
    action: 'session.refused',
    actor: { kind: 'unknown' },
    detail: { code: 'unauthenticated' },
  } as const
  for (let time = 0; time < 1_000; time++) await world.audit.record(unknown)
  await world.clock.advance(60_000)
  await world.eventually(async () => (await world.entries(operatorTenant)).length === 2)
  const rows = await world.entries(operatorTenant)
  expect(rows.map(({ detail }) => detail)).toEqual([
    { code: 'unauthenticated' },
    { code: 'unauthenticated', times: 999 },
  ])
})

test('without reads, only what changes something or is refused is kept', async () => {
  await using world = await openAudit({ reads: false })
  for (const action of [
    'session.opened',
    'room.subscribed',
    'history.read',
    'message.read',
    'session.closed',
  ] as const) {
    await world.audit.record(aboutAnn(action, 'x'))
  }
  await world.audit.record(aboutAnn('session.refused', 'x'))
  await world.audit.record(aboutAnn('grant.given', 'x'))
  expect(await world.told('clinic')).toEqual(['session.refused x', 'grant.given x'])
})

test('the end of a chain is signed every so often and every so many entries, in a file and in the log too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-audit-'))
  const file = join(folder, 'elsewhere', 'checkpoints.jsonl')
  try {
    await using world = await openAudit({ checkpoint: '10m', checkpointEntries: 100 }, { file })
    await world.audit.record(aboutAnn('session.opened', 's1'))
    expect(existsSync(file)).toBe(false)
    await world.clock.advance(600_000)
    await world.eventually(() => world.logged('the audit is signed').length === 1)
    const lines = () =>
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    expect(lines()).toMatchObject([{ kind: 'checkpoint', tenant: 'clinic', number: 1 }])
    await Promise.all(
      Array.from({ length: 150 }, (_, which) => world.audit.record(aboutAnn('grant.given', `u${which}`))),
    )
    await world.eventually(() => world.logged('the audit is signed').length === 2)
    expect(lines().at(-1)).toMatchObject({ number: 151 })
    await world.eventually(async () => (await world.verify('clinic')).signed === 151)
    await world.clock.advance(3_600_000)
    expect(lines()).toHaveLength(2)
    expect(await world.verify('clinic')).toMatchObject({ rows: 151, signed: 151, problems: [] })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('what a file of checkpoints did not take is not signed, and is tried again', async () => {
  await using world = await openAudit({ checkpoint: '1m' }, { file: '/proc/no-such-folder/checkpoints' })
  await world.audit.record(aboutAnn('session.opened', 's1'))
  const failures = () => world.logged('the audit could not be signed; it is tried again').length
  for (const times of [1, 2]) {
    await world.clock.advance(60_000)
    await world.eventually(() => failures() === times)
  }
  expect(await world.verify('clinic')).toMatchObject({ rows: 1, signed: 0 })
})

test('the application tells of its own doing, and reads its tenant’s audit alone', async () => {
  await using world = await openAudit()
  const api = world.api('clinic')
  await api.record({
    action: 'report.printed',
    actor: { kind: 'user', id: 'ann' },
    detail: { pages: 3 },
  })
  await world.api('other').record({ action: 'administration', actor: { kind: 'application' } })
  expect(await api.list()).toMatchObject([
    {
      tenantId: 'clinic',
      number: 1,
      action: 'report.printed',
      actor: { kind: 'user', id: 'ann' },
      detail: { pages: 3 },
    },
  ])
  expect(await api.list({ after: 1 })).toEqual([])
  await expect(api.record({ action: 'No' as 'administration', actor: { kind: 'application' } })).rejects.toThrow(
    'small letters',
  )
})

test('an option that cannot be is told when the application is defined', async () => {
  await expect(openAudit({ checkpoint: '10ms' })).rejects.toThrow('checkpoint')
  await expect(openAudit({ checkpointEntries: 0 })).rejects.toThrow('checkpointEntries')
})
