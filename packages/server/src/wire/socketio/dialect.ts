/**
 * The Socket.IO dialect of one namespace: what the server says, under the names that its clients know. An event is
 * encoded once for all of them; with recovery, each adds where it is as a last argument, which clients give back.
 */
import { FanfareError, type Json, type RoomEvent } from '@fanfare/protocol'
import { encodeCursor } from '../cursor.ts'
import type { Dialect, SpokenFrame } from '../dialect.ts'
import { appendArgument } from './frames.ts'
import { encodeEvent } from './packets.ts'

export type SocketIoWords = {
  readonly namespace: string
  /** Our name → the clients'. What is not in it keeps its name. */
  readonly events: ReadonlyMap<string, string>
  /** Our name → what the event says to clients, where that is not its data. */
  readonly words?: ReadonlyMap<string, (event: RoomEvent) => Json>
  /** Whether every event ends with the position from which a client goes on. */
  readonly recovery: boolean
}

/** The type of events in a session's own room: `data` is a whole frame. No application can describe it. */
export const emittedType = '__emitted'

/** Names of what the server itself has to say. */
const ownNames = {
  error: 'fanfare:error',
  gap: 'fanfare:gap',
  presence: 'fanfare:presence',
  reconnect: 'fanfare:reconnect',
  unsubscribed: 'fanfare:unsubscribed',
} as const

export const dialectName = (namespace: string): string => `socket.io ${namespace}`

export const socketIoDialect = (words: SocketIoWords): Dialect => ({
  name: dialectName(words.namespace),
  decode: () => {
    throw new FanfareError('bad_frame', 'Socket.IO packets are decoded by their connection.')
  },
  encodeEvent: (event: RoomEvent) =>
    event.type === emittedType
      ? String(event.data)
      : encodeNamed(words, { name: event.type, args: [saidOf(event, words)] }),
  encode: (frame: SpokenFrame) => encodeSpoken(frame, words),
  ...(words.recovery && { stamp: (frame, places) => appendArgument(String(frame), `"${encodeCursor(places)}"`) }),
})

const saidOf = (event: RoomEvent, { words }: SocketIoWords): Json => {
  const say = words?.get(event.type)
  return say ? say(event) : event.data
}

/** `id` where an answer is asked for. */
export type NamedEvent = { readonly name: string | number; readonly args: readonly unknown[]; readonly id?: number }

/** An event under the name by which the namespace's clients know it. @throws Error on what cannot be sent */
export const encodeNamed = (
  { namespace, events }: Pick<SocketIoWords, 'namespace' | 'events'>,
  { name, args, ...rest }: NamedEvent,
): string => encodeEvent({ namespace, ...rest, args: [events.get(String(name)) ?? name, ...args] })

const encodeSpoken = (frame: SpokenFrame, words: SocketIoWords): string | undefined => {
  const { type: _, ...told } = frame
  const own = (name: string, data: unknown) => encodeNamed(words, { name, args: [data] })
  switch (frame.type) {
    case 'error':
    case 'presence':
    case 'reconnect':
      return own(ownNames[frame.type], told)
    case 'gap':
      // A room that the application did not name is the session's own.
      return own(ownNames.gap, frame.room.startsWith('__') ? { ...told, room: null } : told)
    case 'subscription':
      return frame.status === 'unsubscribed' && frame.reason !== 'asked'
        ? own(ownNames.unsubscribed, { room: frame.room, reason: frame.reason })
        : undefined
    case 'connected':
    case 'reply':
    case 'pong':
      return undefined
  }
}
