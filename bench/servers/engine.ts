/** The embedded engine alone, without sockets, tokens or frames: publishes as fast as it acknowledges, so many at once. */
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { systemClock } from '@fanfare/server'
import { createEmbeddedEngine } from '../../packages/server/src/engine/embedded/embedded.ts'
import { uuidv7 } from '../../packages/server/src/lib/ids.ts'
import { roomKey } from '../../packages/server/src/model/room-key.ts'
import { openDataFolder } from '../../packages/server/src/store/data-folder.ts'
import { benchFolder } from '../lib/child.ts'
import { answerQuestions } from '../lib/control.ts'
import { payloadOf } from '../lib/payload.ts'

const rooms = 64
const tenantId = 'clinic'
const parent = join(benchFolder, '../.cache')
mkdirSync(parent, { recursive: true })
const folder = await openDataFolder(join(parent, `bench-${process.pid}`))
const engine = createEmbeddedEngine({ clock: systemClock, disk: folder })
const stop = await engine.log.start({ deliver: () => {}, lost: () => {} })
const data = JSON.parse(payloadOf(0)) as { readonly text: string; readonly n: string }

type RoundOptions = { readonly kind: 'memory' | 'durable'; readonly ms: number; readonly inFlight: number }

const round = async ({ kind, ms, inFlight }: RoundOptions) => {
  const start = performance.now()
  const expected = kind === 'durable' ? 'disk' : 'memory'
  let acknowledged = 0
  const publisher = async (_: unknown, index: number): Promise<void> => {
    const name = `${kind}:${index % rooms}`
    const room = {
      key: roomKey(tenantId, name),
      log: { keep: 1_000, forMs: 300_000, durable: kind === 'durable' },
    }
    while (performance.now() - start < ms) {
      const now = systemClock.now()
      const timestamp = new Date(now).toISOString()
      const draft = { id: uuidv7(now), type: 'tick', tenantId, room: name, data, timestamp }
      const { durability } = await engine.log.publish(room, draft)
      if (durability !== expected) throw new Error(`acknowledged as ${durability}`)
      acknowledged++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, publisher))
  return { acknowledged, seconds: (performance.now() - start) / 1000, loadSeconds: 0 }
}

await answerQuestions({}, { round })
await stop()
folder.close()
await rm(folder.path, { recursive: true, force: true })
process.exit(0)
