import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { apart } from '../support/tenants-of-features.ts'
import { step } from '../support/tenants-steps.ts'

test('S-09: beside another tenant of equal names, every verb of every feature does and answers as it does alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-tenants-'))
  let runs = 0
  const left = new Set<string>()
  const steps = fc.array(step, { minLength: 350, maxLength: 350 })
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { together, alone } = await apart(join(folder, String(runs++)), all)
      for (const [tenant, outcome] of alone) {
        expect(together.get(tenant)!.answers).toEqual(outcome.answers)
        expect(together.get(tenant)!.rows).toEqual(outcome.rows)
        for (const row of outcome.rows) left.add(row.slice(0, row.indexOf(' ')))
      }
    }),
    { numRuns: 3, endOnFailure: true },
  )
  // That the game is worth playing.
  expect([...left]).toContain('chat_message')
  expect([...left]).toContain('inbox_notification')
  expect([...left]).toContain('inbox_follow')
  expect([...left]).toContain('user_status')
  await rm(folder, { recursive: true })
}, 60_000)
