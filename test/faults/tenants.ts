/**
 * S-09 at length: two tenants with equal names do 10,000 things in any order, by every verb of every feature and every way in;
 * neither is told anything of the other, and each is answered and left with what it would be alone.
 */
import { deepEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { apart } from '../support/tenants-of-features.ts'
import { step } from '../support/tenants-steps.ts'
import { report } from '../support/verdict.ts'

const rounds = 20
const each = 500

const folder = await mkdtemp(join(tmpdir(), 'fanfare-tenants-'))
const steps = fc.array(step, { minLength: each, maxLength: each })
let played = 0
await fc.assert(
  fc.asyncProperty(steps, async (all) => {
    const { together, alone } = await apart(join(folder, String(played)), all)
    for (const [tenant, outcome] of alone) deepEqual(together.get(tenant), outcome)
    played += all.length
  }),
  { numRuns: rounds, endOnFailure: true },
)
await rm(folder, { recursive: true })
report({
  id: 'S-09',
  pass: true,
  metric: 'steps of two tenants without a cross read or write',
  value: played,
  limit: rounds * each,
})
