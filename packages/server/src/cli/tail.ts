/** `fanfare tail`: what happens in rooms, live. Comes back after every break and goes on where it was. */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import type { Command } from 'commander'
import { readBlocks } from './event-blocks.ts'
import { refusalOf, request, type ServerAt, type ServerOptions, serverAt, withServer } from './server-at.ts'
import { eventLine, lineOf } from './tail-lines.ts'
import { paintFor, type Terminal } from './terminal.ts'

type TailOptions = ServerOptions & { readonly json?: true; readonly after?: string }

const examples = `
Examples:
  fanfare tail lobby --tenant clinic --user ann
  fanfare tail patient:42 patient:42:vitals --token "$TOKEN"
  fanfare tail lobby --json | jq .data        # one event a line; notes go to standard error
  fanfare tail lobby --after c1~…             # go on after a cursor that an earlier tail printed`

export const addTail = (program: Command, terminal: Terminal): void => {
  withServer(program.command('tail'))
    .description('show what happens in rooms, live, without losing anything over breaks')
    .argument('<rooms...>', 'names of rooms')
    .option('--json', 'one JSON object a line, on standard output')
    .option('--after <cursor>', 'begin after this cursor')
    .addHelpText('after', examples)
    .action(async (rooms: string[], options: TailOptions) => {
      const server = await serverAt(terminal, options)
      await new Tail({ terminal, server, rooms, json: options.json === true }).run(options.after)
    })
}

type TailSetup = {
  readonly terminal: Terminal
  readonly server: ServerAt
  readonly rooms: readonly string[]
  readonly json: boolean
}

const backoff = { firstMs: 500, mostMs: 30_000 } as const

class Tail {
  readonly #setup: TailSetup
  readonly #ended = new AbortController()
  #cursor: string | undefined
  #tries = 0
  #hintMs: number | undefined

  constructor(setup: TailSetup) {
    this.#setup = setup
  }

  /** Until somebody stops it, or the server refuses for good. @throws FanfareError */
  async run(after: string | undefined): Promise<void> {
    this.#cursor = after
    const { terminal } = this.#setup
    const off = terminal.onSignal(() => this.#ended.abort())
    try {
      while (!this.#ended.signal.aborted) await this.#follow()
      if (this.#cursor !== undefined) terminal.note(`To go on from here: --after ${this.#cursor}`)
    } finally {
      off()
    }
  }

  /** One connection, from its opening to its end, and the wait after it. */
  async #follow(): Promise<void> {
    const { terminal } = this.#setup
    try {
      const response = await this.#open()
      if (response.body === null) throw new FanfareError('unavailable', 'The server sent no stream.')
      this.#tries = 0
      for await (const block of readBlocks(response.body)) this.#take(block)
      if (!this.#ended.signal.aborted) terminal.note('the stream ended')
    } catch (error) {
      if (this.#ended.signal.aborted) return
      this.#weigh(error)
    }
    await this.#wait()
  }

  async #open(): Promise<Response> {
    const { terminal, server, rooms } = this.#setup
    const query = new URLSearchParams(rooms.map((room) => ['room', room]))
    const response = await request(terminal, `${server.url}/v1/stream?${query}`, {
      signal: this.#ended.signal,
      headers: {
        accept: 'text/event-stream',
        authorization: await server.authorization(),
        ...(this.#cursor === undefined ? {} : { 'last-event-id': this.#cursor }),
      },
    })
    if (response.ok) return response
    throw await refusalOf(response)
  }

  #take(block: Parameters<typeof lineOf>[0]): void {
    const { terminal, json } = this.#setup
    const line = lineOf(block, block.data === '' ? undefined : JSON.parse(block.data))
    if (line.kind === 'note') terminal.note(line.text)
    if (line.kind === 'event')
      terminal.out(json ? JSON.stringify(line.event) : eventLine(line.event, paintFor(terminal)))
    if (block.retryMs !== undefined) this.#hintMs = block.retryMs
    // Only after the line is out: a cursor must never be ahead of what was shown.
    if (block.id !== undefined) this.#cursor = block.id
  }

  /** Whether it is worth coming back. A network that breaks a stream off is; a refusal that stays one is not. */
  #weigh(error: unknown): void {
    const { terminal } = this.#setup
    if (!(error instanceof FanfareError)) {
      terminal.note('the connection broke')
      return
    }
    if (error.code === 'position_lost' && this.#cursor !== undefined) {
      this.#cursor = undefined
      terminal.note('some of what was missed is gone; going on from now')
      return
    }
    if (error.retry === 'never' || (this.#tries === 0 && this.#cursor === undefined)) throw toFanfareError(error)
    this.#hintMs = error.retryAfterMs
    terminal.note(error.message)
  }

  /** The server's own hint, or full jitter under a ceiling that doubles. */
  async #wait(): Promise<void> {
    const { terminal } = this.#setup
    const ceiling = Math.min(backoff.mostMs, backoff.firstMs * 2 ** this.#tries)
    const waitMs = this.#hintMs ?? terminal.random() * ceiling
    this.#tries++
    this.#hintMs = undefined
    await new Promise<void>((done) => {
      const timer = terminal.clock.after(waitMs, done)
      const stop = () => {
        timer.cancel()
        done()
      }
      if (this.#ended.signal.aborted) stop()
      else this.#ended.signal.addEventListener('abort', stop, { once: true })
    })
  }
}
