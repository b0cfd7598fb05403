/** Kills a publishing process at a random moment and looks at what it left: no acknowledged event may be missing or doubled. */
import { join } from 'node:path'
import type { RoomEvent } from '@fanfare/protocol'
import { fakeClock } from '../../lib/fake-clock.ts'
import type { LogRoom } from '../../model/room.ts'
import { roomKey } from '../../model/room-key.ts'
import { openDataFolder } from '../../store/data-folder.ts'
import type { Engine } from '../engine.ts'
import { createEmbeddedEngine } from './embedded.ts'

const forever = Number.POSITIVE_INFINITY

export const killRooms: readonly (LogRoom & { readonly name: string })[] = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
  name,
  key: roomKey('clinic', name),
  log: { keep: forever, forMs: forever, durable: true },
}))

type Acknowledged = {
  readonly id: string
  readonly room: string
  readonly epoch: string
  readonly offset: number
  readonly key: string
}

/** What the kills so far were told, and what was found wrong. */
export type KillRecord = {
  readonly acknowledged: Map<string, Acknowledged>
  readonly faults: string[]
}

export const newKillRecord = (): KillRecord => ({ acknowledged: new Map(), faults: [] })

/** Lets a process publish into the folder, kills it after `afterMs` of publishing, and checks all that was ever acknowledged. */
export const killOnce = async (
  record: KillRecord,
  { path, run, afterMs }: { path: string; run: number; afterMs: number },
): Promise<void> => {
  const printed = await publishUntilKilled({ path, run, afterMs })
  let last: Acknowledged | undefined
  // The last line may be cut; what was not printed whole was not acknowledged to anyone.
  for (const line of printed.split('\n').slice(0, -1)) {
    const [id, room, epoch, offset, key] = line.split(' ') as [string, string, string, string, string]
    last = { id, room, epoch, offset: Number(offset), key }
    if (record.acknowledged.has(id)) record.faults.push(`${id} was acknowledged twice`)
    record.acknowledged.set(id, last)
  }
  if (!last) record.faults.push(`nothing was acknowledged in run ${run}`)
  const disk = await openDataFolder(path)
  const engine = createEmbeddedEngine({ clock: fakeClock(Date.now()), disk })
  const stop = await engine.log.start({ deliver() {}, lost() {} })
  await check(engine, record)
  if (last) await checkKey(engine, { last, record })
  await stop()
  disk.close()
}

const publishUntilKilled = async ({ path, run, afterMs }: { path: string; run: number; afterMs: number }) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'kill.child.ts'), path, String(run)], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const decoder = new TextDecoder()
  let printed = ''
  for await (const chunk of child.stdout) {
    if (printed === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    printed += decoder.decode(chunk, { stream: true })
  }
  await child.exited
  return printed
}

const check = async (engine: Engine, { acknowledged, faults }: KillRecord): Promise<void> => {
  const found = new Map<string, RoomEvent & { readonly epoch: string }>()
  for (const room of killRooms) {
    let next = 1
    for (let more = true; more; ) {
      const after = next === 1 ? 'earliest' : { epoch: await epochOf(engine, room), offset: next - 1 }
      const slice = await engine.log.read(room, { after, limit: 5_000 })
      if (!slice.ok) throw new Error(`The log of ${room.name} could not be read: ${slice.reason}.`)
      for (const event of slice.events) {
        if (event.offset !== next++) faults.push(`${room.name} has ${event.offset} in the place of ${next - 1}`)
        if (found.has(event.id)) faults.push(`${event.id} is there twice`)
        found.set(event.id, { ...event, epoch: slice.top.epoch })
      }
      more = slice.more
    }
  }
  for (const { id, room, epoch, offset } of acknowledged.values()) {
    const event = found.get(id)
    if (!event) faults.push(`${id} was acknowledged and is lost`)
    else if (event.room !== room || event.offset !== offset || event.epoch !== epoch) faults.push(`${id} has moved`)
  }
}

const epochOf = async (engine: Engine, room: LogRoom): Promise<string> =>
  (await engine.log.read(room, { after: 'latest', limit: 1 })).top.epoch

/** A publisher that did not hear the answer asks again with the same key: it must get the first event. */
const checkKey = async (
  engine: Engine,
  { last, record }: { last: Acknowledged; record: KillRecord },
): Promise<void> => {
  const room = killRooms.find(({ name }) => name === last.room)!
  const draft = { id: 'again', type: 'note', tenantId: 'clinic', room: room.name, data: null, timestamp: '' }
  const { duplicate, id } = await engine.log.publish(room, draft, { key: last.key })
  if (!duplicate || id !== last.id) record.faults.push(`${last.key} was published again`)
}
