/** The control: Bun's own publish and nothing else. No identity, no log, no order kept for a slow reader. What the runtime can do at most. */
import process from 'node:process'
import { answerQuestions } from '../lib/control.ts'
import { measureMemory } from '../lib/memory.ts'

const server = Bun.serve<{ readonly rooms: readonly string[] }>({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    const rooms = new URL(request.url).searchParams.getAll('room')
    return server.upgrade(request, { data: { rooms } }) ? undefined : new Response('WebSocket only', { status: 426 })
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      for (const room of socket.data.rooms) socket.subscribe(room)
      socket.send('ready')
    },
    message(_socket, message) {
      if (typeof message !== 'string') return
      const end = message.indexOf('\n')
      server.publish(message.slice(0, end), message.slice(end + 1))
    },
  },
})

await answerQuestions({ port: server.port }, { memory: () => measureMemory() })
process.exit(0)
