/**
 * The room of one recoverable session: what is emitted to it is kept there, so that it is replayed like any event. No
 * client and no application can name it, and no access rule is asked: who comes back to the session proved that it is theirs.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Room, RoomRule } from '../app/app.ts'
import { roomKey } from '../model/room-key.ts'
import { emittedType } from '../wire/socketio/dialect.ts'
import type { Services } from './services.ts'

/** `__` in front, as in every room of the server's own. */
const prefix = '__session:'

/** What a session may have missed; one that missed more begins anew. */
const keptEvents = 1_000

/** A link may be dead for so long before it is known to be. */
const unnoticedMs = 120_000

const rule: RoomRule = Object.freeze({
  pattern: `${prefix}{session}`,
  events: new Map(),
  access: () => true,
  publish: () => false,
  presence: undefined,
  slow: 'resume',
})

export type OwnRoomOptions = { readonly tenantId: string; readonly session: string; readonly forMs: number }

export const ownRoom = ({ tenantId, session, forMs }: OwnRoomOptions): Room => {
  const name = `${prefix}${session}`
  const log = { keep: keptEvents, forMs: forMs + unnoticedMs, durable: true, unique: true } as const
  return { key: roomKey(tenantId, name), log, tenantId, name, params: {}, rule }
}

/** @param frame a whole message for the session @throws FanfareError `unavailable`, `too_large` */
export const appendToOwnRoom = async (services: Services, room: Room, frame: string): Promise<void> => {
  const { clock, engine, ids, limits } = services
  if (frame.length > limits.outboxBytes) {
    throw new FanfareError('too_large', `A message has at most ${limits.outboxBytes} characters.`)
  }
  const now = clock.now()
  await engine.log.publish(room, {
    id: ids(now),
    type: emittedType,
    tenantId: room.tenantId,
    room: room.name,
    data: frame,
    timestamp: new Date(now).toISOString(),
  })
}
