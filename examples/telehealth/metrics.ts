/** The clinic's numbers at `/metrics`, under the names that its dashboards have. Of this node, since it began. */
import type { AppDescription } from '@fanfare/server'

export type Tally = { connections: number; messages: number }

export const createTally = (): Tally => ({ connections: 0, messages: 0 })

export const metricsOf = (tally: Tally): NonNullable<AppDescription['metrics']> => ({
  websocket_connections_total: {
    kind: 'counter',
    help: 'Socket.IO clients that connected.',
    read: () => tally.connections,
  },
  websocket_messages_total: { kind: 'counter', help: 'Messages that were sent.', read: () => tally.messages },
  websocket_calls_active: { kind: 'gauge', help: 'Calls under way; there are none yet.', read: () => 0 },
  websocket_rooms_active: { kind: 'gauge', help: 'Rooms that somebody hears.', read: ({ rooms }) => rooms },
})
