import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killOnce, newKillRecord } from './kill.world.ts'

test('a process killed while it publishes loses and doubles nothing that it acknowledged', async () => {
  const path = mkdtempSync(join(tmpdir(), 'fanfare-kill-'))
  const record = newKillRecord()
  for (let run = 0; run < 5; run++) await killOnce(record, { path, run, afterMs: Math.random() * 60 })
  expect(record.faults).toEqual([])
  expect(record.acknowledged.size).toBeGreaterThan(100)
  rmSync(path, { recursive: true })
}, 30_000)
