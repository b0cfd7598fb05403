/** any history of connecting, subscribing, publishing, dropping, resuming and restarting is what a small model says. */
import { expect, test } from 'bun:test'
import { checkModel } from '../support/model-check.ts'

test('R-30: 2,000 commands on rooms on disk, in memory and trimmed agree with the model', async () => {
  expect((await checkModel(2_000)).commands).toBeGreaterThanOrEqual(2_000)
}, 60_000)
