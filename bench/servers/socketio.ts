/** Stock Socket.IO as a contender: on Node, websocket transport only and without compression, as its performance page says. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { jwtVerify } from 'jose'
import { Server } from 'socket.io'
import { answerQuestions } from '../lib/control.ts'
import { measureMemory } from '../lib/memory.ts'
import { secret } from '../lib/token.ts'

const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, httpCompression: false })
const key = new TextEncoder().encode(secret)

io.use((socket, next) => {
  jwtVerify(String(socket.handshake.auth.token), key, { algorithms: ['HS256'] }).then(
    ({ payload }) => {
      socket.data.userId = payload.sub
      next()
    },
    (error: Error) => next(error),
  )
})

io.on('connection', (socket) => {
  // The documentation's advice for memory: the first request is kept otherwise.
  Reflect.deleteProperty(socket.conn, 'request')
  socket.on('join', async (rooms: string[], done: () => void) => {
    await socket.join(rooms)
    done()
  })
  socket.on('publish', (room: string, data: unknown) => io.to(room).emit('tick', data))
})

await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
await answerQuestions({ port: (http.address() as AddressInfo).port }, { memory: () => measureMemory() })
process.exit(0)
