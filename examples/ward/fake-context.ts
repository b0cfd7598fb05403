/** An application's context in memory, for tests: rooms are lists, and reactions run as the server runs them. */
import type { Json, PublishResult, RoomEvent } from '@fanfare/protocol'
import { type AppContext, type FeatureApis, silentLog } from '@fanfare/server'
import { reactions } from './reactions.ts'

export type FakeContext = AppContext & {
  readonly events: RoomEvent[]
  /** The cache, to look into or to hand to a context that comes after this one. */
  readonly kept: Map<string, Json>
  /** Runs an event's reaction again, as after a crash. */
  react(event: RoomEvent): Promise<void>
}

export const createFakeContext = (kept: Map<string, Json> = new Map()): FakeContext => {
  const events: RoomEvent[] = []
  const byKey = new Map<string, RoomEvent>()
  const react = async (event: RoomEvent) => {
    await reactions[event.type]?.(context, event)
  }
  const publish = async (room: string, type: string, data: Json, key?: string): Promise<PublishResult> => {
    const known = key === undefined ? undefined : byKey.get(`${room} ${key}`)
    const event = known ?? append(room, type, data)
    if (known === undefined) {
      if (key !== undefined) byKey.set(`${room} ${key}`, event)
      await react(event)
    }
    const { id, offset, timestamp } = event
    return { id, room, epoch: 'e', offset, timestamp, durability: 'memory', duplicate: known !== undefined }
  }
  const append = (room: string, type: string, data: Json): RoomEvent => {
    const offset = events.filter((event) => event.room === room).length + 1
    const id = `event-${events.length + 1}`
    const event = { id, type, tenantId: 'demo', room, offset, data, timestamp: '2026-01-01T00:00:00.000Z' }
    events.push(event)
    return event
  }
  const verbs: Omit<FakeContext, keyof FeatureApis> = {
    tenantId: 'demo',
    events,
    kept,
    react,
    publish: (room, type, data, options) => publish(room, type, data, options?.key),
    history: async (room) => ({ room, epoch: 'e', events: events.filter((event) => event.room === room) }),
    members: async () => [],
    to: () => ({ emit: () => {} }),
    stats: async () => ({ sessions: 0, users: 0, rooms: 0, sessionsByRoom: {}, sessionsByUser: {} }),
    cache: {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
      delete: async (key) => kept.delete(key),
      increment: async (key, by = 1) => {
        const sum = Number(kept.get(key) ?? 0) + by
        kept.set(key, sum)
        return sum
      },
      count: async (key) => Number(kept.get(key) ?? 0),
    },
    log: silentLog,
  }
  // The ward uses no feature.
  const context = verbs as FakeContext
  return context
}
