/**
 * A reconnect storm on one server: 10,000 sessions are cut off, 50 events go by in each of their rooms, and all come back at
 * once with their positions. Nobody else is measured: stock Socket.IO gives back what its memory adapter happens to hold of
 * all rooms together, without a statement that it is whole, so that there is nothing to compare with.
 */
import { type Scenario, startLoad, startServer } from '../lib/run.ts'
import { storms } from '../lib/storms.ts'

const perRoom = 10

export const storm: Scenario = async (run) => {
  const rooms = run.quick ? 200 : 1_000
  const connections = rooms * perRoom
  await using server = await startServer('fanfare')
  await using load = await startLoad()
  run.progress(`storm: ${connections} sessions in ${rooms} rooms`)
  await load.ask('manyRooms', { contender: 'fanfare', ports: [server.ready.port], connections, rooms })
  const about = { scenario: 'storm', contender: `Fanfare, ${connections.toLocaleString('en')} sessions` }
  return await storms(run, [server], { load, about, connections, rooms })
}
