/** Bare `ws` on Node: the broadcast of its README with a set for each room, no compression. No identity, no log, no bound for slow readers. */
import process from 'node:process'
import { WebSocket, WebSocketServer } from 'ws'
import { answerQuestions } from '../lib/control.ts'
import { measureMemory } from '../lib/memory.ts'

const lineBreak = 10
const rooms = new Map<string, Set<WebSocket>>()
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, clientTracking: false })

const join = (socket: WebSocket, room: string): void => {
  const members = rooms.get(room) ?? new Set()
  rooms.set(room, members.add(socket))
}

server.on('connection', (socket, request) => {
  for (const room of new URL(request.url ?? '/', 'http://localhost').searchParams.getAll('room')) join(socket, room)
  socket.on('message', (message: Buffer) => {
    const end = message.indexOf(lineBreak)
    const payload = message.subarray(end + 1)
    for (const member of rooms.get(message.toString('latin1', 0, end)) ?? []) {
      if (member.readyState === WebSocket.OPEN) member.send(payload, { binary: false })
    }
  })
  socket.on('close', () => {
    for (const members of rooms.values()) members.delete(socket)
  })
  socket.send('ready')
})

await new Promise((listening) => server.on('listening', listening))
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('no port')
await answerQuestions({ port: address.port }, { memory: () => measureMemory() })
process.exit(0)
