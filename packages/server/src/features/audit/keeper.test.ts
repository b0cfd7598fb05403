import { expect, test } from 'bun:test'
import { fakeClock } from '../../lib/fake-clock.ts'
import type { AuditEntry } from '../../model/audit.ts'
import { Keeper } from './keeper.ts'

const world = () => {
  const clock = fakeClock()
  const kept: AuditEntry[] = []
  const recorder = { record: async (entry: AuditEntry) => void kept.push(entry) }
  return { clock, kept, keeper: new Keeper({ clock, reads: true, recorder }) }
}

const published: AuditEntry = {
  tenantId: 'clinic',
  action: 'room.published',
  actor: { kind: 'user', id: 'ann' },
  subject: 'ward:1',
}
const others: readonly AuditEntry[] = [
  { ...published, tenantId: 'other' },
  { ...published, subject: 'ward:2' },
  { ...published, actor: { kind: 'user', id: 'bob' } },
  { ...published, actor: { kind: 'server', id: 'ann' } },
  { ...published, action: 'room.refused', detail: { code: 'forbidden' } },
  { ...published, action: 'room.refused', detail: { code: 'unavailable' } },
]

test('of what is said again and again the first of a minute is kept, in whatever order it comes', async () => {
  const { clock, kept, keeper } = world()
  for (const entry of [published, published, ...others, published, ...others.toReversed(), published]) {
    await keeper.record({ ...entry })
    await keeper.record({ ...entry })
  }
  expect(kept).toEqual([published, ...others])
  await clock.advance(60_000)
  await keeper.record(published)
  await keeper.record(published)
  expect(kept).toHaveLength(others.length + 2)
})

test('the same again in a minute in which other things are told is kept for each minute', async () => {
  const { clock, kept, keeper } = world()
  for (let minute = 0; minute < 3; minute++) {
    for (let times = 0; times < 3; times++) await keeper.record(published)
    await clock.advance(60_000)
  }
  expect(kept).toEqual([published, published, published])
})
