/** 200 kills of a publishing process, each at a random moment; prints one JSON line. Exits 1 when an acknowledged event was lost or doubled. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killOnce, newKillRecord } from '../../packages/server/src/engine/embedded/kill.world.ts'

const kills = Number(process.argv[2] ?? 200)
/** A folder is used for so many kills, so that its log stays short enough to be read whole after each. */
const killsPerFolder = 10

let faults: string[] = []
let acknowledged = 0
for (let done = 0; done < kills; done += killsPerFolder) {
  const path = mkdtempSync(join(tmpdir(), 'fanfare-kill-'))
  const record = newKillRecord()
  for (let run = 0; run < Math.min(killsPerFolder, kills - done); run++) {
    await killOnce(record, { path, run, afterMs: Math.random() * 100 })
  }
  faults = [...faults, ...record.faults]
  acknowledged += record.acknowledged.size
  rmSync(path, { recursive: true })
}
for (const fault of faults) console.error(fault)
const pass = faults.length === 0 && acknowledged > 0
console.log(
  JSON.stringify({
    id: 'sqlite-kill',
    pass,
    metric: `acknowledged events lost, doubled or moved, of ${acknowledged} over ${kills} kills`,
    value: faults.length,
    limit: 0,
  }),
)
process.exitCode = pass ? 0 : 1
