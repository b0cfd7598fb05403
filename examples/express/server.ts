/** Starts the site with Fanfare on the same port, and stops both. Runs on Node. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { createFanfare } from '@fanfare/server'
import { app } from './app.ts'
import { createSite } from './site.ts'

const fanfare = await createFanfare({ app })
const server = createServer(createSite(fanfare))
fanfare.attach(server)

server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1', () => {
  const { address, port } = server.address() as AddressInfo
  process.stdout.write(`The depot is open at http://${address}:${port}\n`)
})

const stop = async (): Promise<void> => {
  // Clients are told to come back first; then nothing keeps the server open.
  await fanfare.close()
  server.close()
  server.closeIdleConnections()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
