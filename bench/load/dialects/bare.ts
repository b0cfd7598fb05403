/** The words of servers that do nothing but send on: a room's name, a line break, and the payload; the payload alone comes out. */
import { payloadOf } from '../../lib/payload.ts'
import { type Dialect, nothingAside } from '../dialect.ts'
import { upgrade } from '../requests.ts'

export const bare: Dialect = {
  upgrade: ({ port, rooms }) => upgrade(`/?${rooms.map((room) => `room=${encodeURIComponent(room)}`).join('&')}`, port),
  greeted: () => ({ ready: true }),
  publish: (room, _, bytes) => `${room}\n${payloadOf(0, bytes)}`,
  aside: nothingAside,
}
