/** What carries a seat: our SDK over a WebSocket, an EventSource, a stock Socket.IO client; each comes back as it is shipped to. */
import { createClient } from '@fanfare/client'
import type { PresenceChangeFrame } from '@fanfare/protocol'
import { io } from 'socket.io-client'
import { EventSourceReader } from './event-source.ts'
import type { halls } from './halls.ts'
import type { Kind, Seat } from './seat.ts'

export type Address = { readonly url: string; readonly token: string }

const openNative = (seat: Seat, { url, token }: Address): void => {
  const client = createClient<typeof halls>({ url, token })
  const room = client.room(seat.room as `hall:${string}`)
  seat.opens(() => void client.close())
  const look = () => {
    const isThere =
      client.state.getSnapshot().status === 'connected' && room.state.getSnapshot().status === 'subscribed'
    if (isThere) seat.arrived()
    else if (client.state.getSnapshot().status !== 'connected') seat.lost()
  }
  client.state.subscribe(look)
  room.state.subscribe(look)
  room.on('counted', ({ n }) => seat.hears(n))
  room.onGap(({ reason }) => seat.fails(`was told of a gap: ${reason}`))
  room.presence.onChange(({ change, member }) => seat.sees(change, member.userId))
  room.presence.enter({}).catch((error: Error) => seat.fails(`could not enter: ${error.message}`))
}

const openStream = (seat: Seat, { url, token }: Address): void => {
  const stream = new EventSourceReader({
    url: `${url}/v1/stream?room=${encodeURIComponent(seat.room)}`,
    token,
    opened: () => {},
    lost: () => seat.lost(),
    block: (event, text) => {
      const data = JSON.parse(text) as Record<string, unknown>
      if (event === 'counted') seat.hears((data.data as { readonly n: number }).n)
      else if (event === 'presence') {
        const { change, member } = data as unknown as PresenceChangeFrame
        seat.sees(change, member.userId)
      } else if (event === 'subscription') {
        if (data.recovered === false) seat.fails(`was not recovered: ${data.reason}`)
        seat.arrived()
      } else if (event === 'gap' || event === 'problem') seat.fails(`was told of a ${event}: ${text}`)
    },
  })
  seat.opens(() => stream.close())
}

const openSocketIo = (seat: Seat, { url, token }: Address, transports: readonly string[]): void => {
  const socket = io(url, { auth: { token }, forceNew: true, transports: [...transports] })
  seat.opens(() => socket.disconnect())
  socket.on('connect', () => {
    if (socket.recovered) return seat.arrived()
    if (seat.arrivals.length > 0) seat.fails('was not recovered')
    socket.emit('enter', seat.room, (answer: unknown) => {
      if (answer === true) seat.arrived()
      else seat.fails(`could not enter: ${JSON.stringify(answer)}`)
    })
  })
  socket.on('disconnect', () => seat.lost())
  socket.on('counted', ({ n }: { readonly n: number }) => seat.hears(n))
  socket.on('fanfare:presence', ({ change, member }: PresenceChangeFrame) => seat.sees(change, member.userId))
  socket.on('fanfare:gap', (gap: unknown) => seat.fails(`was told of a gap: ${JSON.stringify(gap)}`))
}

/** Every fifth Socket.IO client begins over polling and moves to a WebSocket, as shipped; a runtime opens only so many requests. */
const polling = 5
let opened = 0

export const open: { readonly [Name in Kind]: (seat: Seat, address: Address) => void } = {
  native: openNative,
  stream: openStream,
  socketio: (seat, address) =>
    openSocketIo(seat, address, opened++ % polling === 0 ? ['polling', 'websocket'] : ['websocket']),
}
