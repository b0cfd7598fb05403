// A stock Socket.IO client on Node, over each transport: says `ok` for each, or why not. Run by socketio-clients.test.ts.
import assert from 'node:assert/strict'
import process from 'node:process'
import { io } from 'socket.io-client'

const { FANFARE_URL: url, FANFARE_TOKEN: token } = process.env

const connected = (socket) =>
  new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })

const check = async (transports) => {
  const socket = io(url, { auth: { token }, transports, forceNew: true })
  await connected(socket)
  if (transports.length === 2) {
    while (socket.io.engine.transport.name !== 'websocket') await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.equal((await socket.timeout(5_000).emitWithAck('whoami')).user, 'ann')
  const bytes = Buffer.from([0, 1, 254, 255])
  assert.deepEqual(Buffer.from(await socket.timeout(5_000).emitWithAck('ask', bytes)), bytes)
  const heard = []
  socket.on('said', (n) => heard.push(n))
  for (let n = 0; n < 20; n++) socket.emit('say to me', n)
  while (heard.length < 20) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual(heard, [...heard.keys()])
  socket.disconnect()
}

for (const [name, transports] of [
  ['polling', ['polling']],
  ['websocket', ['websocket']],
  ['upgrade', ['polling', 'websocket']],
]) {
  await check(transports)
  process.stdout.write(`${name}: ok\n`)
}
process.exit(0)
