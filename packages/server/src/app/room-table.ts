/** Finds the rule that a room name falls under, and checks events against it. Asked on every publish, so it remembers; what it remembers is bounded. */
import { FanfareError } from '@fanfare/protocol'
import { checkRoomName, checkTenant, type RoomKey, roomKey } from '../model/room-key.ts'
import type { App, Room } from './app.ts'
import { bySpecificity, matchPattern } from './pattern.ts'
import { plainJson } from './plain-json.ts'
import type { RoomEntry } from './rooms.ts'
import { validate } from './validate.ts'

export type RoomTableOptions = {
  /** How many rooms are remembered; beyond it the oldest is forgotten and found anew when asked for. @default 10000 */
  readonly remembered?: number
}

export const createRoomTable = (entries: readonly RoomEntry[], { remembered = 10_000 }: RoomTableOptions = {}) => {
  const byLength = bySpecificity(entries)
  const rooms = new Map<RoomKey, Room>()
  /** The one asked for last: frames of one connection come many at a time, and mostly for one room. */
  let last: Room | undefined
  const find: App['room'] = (tenantId, name) => {
    if (last?.name !== name || last.tenantId !== tenantId) last = findByKey(tenantId, name)
    return last
  }
  const findByKey: App['room'] = (tenantId, name) => {
    const key = roomKey(tenantId, name)
    const known = rooms.get(key)
    if (known) return known
    const room = makeRoom(key, checkTenant(tenantId), checkRoomName(name))
    if (rooms.size >= remembered) forgetOldest()
    rooms.set(key, room)
    return room
  }
  const forgetOldest = (): void => {
    for (const key of rooms.keys()) {
      rooms.delete(key)
      return
    }
  }
  const makeRoom = (key: RoomKey, tenantId: string, name: string): Room => {
    const parts = name.split(':')
    for (const { pattern, rule, log } of byLength.get(parts.length) ?? []) {
      const params = matchPattern(pattern, parts)
      if (params) return Object.freeze({ key, log, tenantId, name, params: Object.freeze(params), rule })
    }
    throw new FanfareError('unknown_room', `The application describes no room that "${name}" falls under.`)
  }
  return find
}

/** The event's data as its schema gives it back, and surely JSON. */
export const checkEvent: App['checkEvent'] = (room, type, data) => {
  const schema = room.rule.events.get(type)
  if (!schema) {
    const known = [...room.rule.events.keys()].join(', ') || 'none'
    throw new FanfareError(
      'unknown_event',
      `${room.rule.pattern} has no event "${type.slice(0, 40)}". It has: ${known}.`,
    )
  }
  const checked: unknown = validate(schema, data, type)
  return checked instanceof Promise ? checked.then((value) => plainJson(value, type)) : plainJson(checked, type)
}
