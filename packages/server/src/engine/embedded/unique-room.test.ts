import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EngineWorld } from '../engine.world.ts'
import { type EmbeddedHost, embeddedHost } from './embedded.world.ts'

test('of a room whose name never comes again nothing is left on disk once it is forgotten', async () => {
  await using world = await EngineWorld.open(embeddedHost)
  const room = world.room('once', { durable: true, unique: true })
  const other = world.room('again', { durable: true })
  for (const each of [room, other]) await world.publish(each, 1, { key: 'k' })
  for (const each of [room, other]) await world.engine.log.forget(each)
  const database = new DatabaseSync(join((world.host as EmbeddedHost).path(), 'rooms.sqlite'))
  try {
    const left = database.prepare('SELECT key FROM room').all() as { key: string }[]
    expect(left.map(({ key }) => key)).toEqual([other.key])
    expect(database.prepare('SELECT count(*) AS count FROM event').get()?.count).toBe(0)
  } finally {
    database.close()
  }
})
