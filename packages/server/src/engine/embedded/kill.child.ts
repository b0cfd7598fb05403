/** A process for tests: publishes durable events as fast as it can and prints each that was acknowledged, until it is killed. */
import { writeSync } from 'node:fs'
import { systemClock } from '../../lib/clock.ts'
import { uuidv7 } from '../../lib/ids.ts'
import { openDataFolder } from '../../store/data-folder.ts'
import { createEmbeddedEngine } from './embedded.ts'
import { killRooms } from './kill.world.ts'

const disk = await openDataFolder(process.argv[2]!)
const run = process.argv[3]!
const engine = createEmbeddedEngine({ clock: systemClock, disk })
await engine.log.start({ deliver() {}, lost() {} })

const publish = async (number: number): Promise<string> => {
  const room = killRooms[number % killRooms.length]!
  const key = `${run}/${number}`
  const now = systemClock.now()
  const draft = {
    id: uuidv7(now),
    type: 'note',
    tenantId: 'clinic',
    room: room.name,
    data: 'x'.repeat(number % 400),
    timestamp: new Date(now).toISOString(),
  }
  const { id, epoch, offset } = await engine.log.publish(room, draft, { key })
  return `${id} ${room.name} ${epoch} ${offset} ${key}\n`
}

process.stdin.resume().on('end', () => process.exit())
for (let number = 0; ; ) {
  const group = Array.from({ length: 1 + (number % 97) }, () => publish(number++))
  // The lines of one group in one synchronous write: what is printed was acknowledged, and is out before the kill.
  writeSync(1, (await Promise.all(group)).join(''))
}
