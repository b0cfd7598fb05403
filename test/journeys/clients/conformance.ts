/**
 * The conformance example as somebody else would start it: `npm run example` and a PORT. With SOCKETIO_URL set, the tests
 * that use it hold another server to the same behaviour, such as the stock one.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Conformance = AsyncDisposable & { readonly url: string }

const script = fileURLToPath(new URL('../../../scripts/example.mjs', import.meta.url))
const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).ok
  } catch {
    return false
  }
}

const untilReady = async (child: ChildProcess, url: string): Promise<void> => {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const deadline = Date.now() + 20_000
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`The example ended with ${child.exitCode}:\n${output}`)
    if (Date.now() > deadline) throw new Error(`The example was not ready in 20 s:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const startConformance = async (): Promise<Conformance> => {
  const elsewhere = process.env.SOCKETIO_URL
  if (elsewhere) return { url: elsewhere, [Symbol.asyncDispose]: async () => {} }
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-'))
  const port = await freePort()
  const child = spawn(node, [script, 'socketio-conformance'], {
    env: { ...process.env, PORT: String(port), FANFARE_DATA_FOLDER: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const end = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(child, url)
  } catch (error) {
    await end()
    throw error
  }
  return { url, [Symbol.asyncDispose]: end }
}
