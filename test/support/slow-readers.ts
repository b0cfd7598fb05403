/** Readers that are really slow: a program of their own with small receive buffers, and what they saw once they hurried. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServerProcess } from '@fanfare/testkit'
import { pythonPath } from '../../scripts/lib/tools.mjs'

export type SlowReaderOptions = {
  readonly kind: 'websocket' | 'event-stream'
  readonly room: string
  readonly count: number
  /** @default 1024 */
  readonly bytesPerSecond?: number
  /** Begins with what the room keeps. @default with the next event */
  readonly since?: 'earliest'
}

/** What one of them saw. `end`: `eof` after an orderly end, the name of the error after an abrupt one. */
export type SlowReading = {
  readonly end: string | null
  readonly close: number | null
  readonly first: number | null
  readonly last: number | null
  readonly contiguous: boolean
  readonly rising: boolean
  /** The last cursor of an event stream. */
  readonly id: string | null
  readonly bytes: number
  readonly offsets: readonly number[]
}

const program = fileURLToPath(new URL('slow_reader.py', import.meta.url))

export class SlowReaders implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #count: number

  constructor(server: ServerProcess, options: SlowReaderOptions) {
    const { kind, room, count, bytesPerSecond = 1024, since } = options
    const python = pythonPath() ?? 'python3'
    const args = [
      kind,
      String(server.port),
      server.token('slow'),
      room,
      String(count),
      String(bytesPerSecond),
      ...(since ? [since] : []),
    ]
    this.#child = spawn(python, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
    this.#count = count
  }

  /** Resolves when all of them are in the room. */
  async open(): Promise<void> {
    const { value } = await this.#lines.next()
    if (value !== 'open') throw new Error(`The slow readers did not open: ${value}`)
  }

  /** They read what is left for them, as fast as they can. */
  async hurry(): Promise<readonly SlowReading[]> {
    this.#child.stdin!.write('now\n')
    const seen: SlowReading[] = []
    for (let index = 0; index < this.#count; index++) {
      const { value } = await this.#lines.next()
      seen.push(JSON.parse(String(value)) as SlowReading)
    }
    return seen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill()
    await new Promise((resolve) => this.#child.once('close', resolve))
  }
}
