/** A program that talks in lines, and a test that waits for some of them. Killed with the test. */
import { type ChildProcess, spawn } from 'node:child_process'

export class LineProgram implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  #waiting: (() => void)[] = []
  #errors = ''

  constructor(program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#exited = new Promise((resolve) => child.once('close', (code) => resolve(code)))
    let rest = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n')
      rest = parts.pop() ?? ''
      this.lines.push(...parts)
      this.#wake()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
      this.#wake()
    })
    void this.#exited.then(() => this.#wake())
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** What it wrote to standard error. */
  get notes(): string {
    return this.#errors
  }

  /** Tells it to stop, as Ctrl-C does. */
  stop(): void {
    this.#child.kill('SIGINT')
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The first line that matches, come or still to come. @throws Error when the program ends first, or after `timeoutMs` */
  says(match: RegExp, timeoutMs?: number): Promise<string> {
    return this.#await(match, () => this.lines, timeoutMs)
  }

  /** The same, on standard error. */
  notesSay(match: RegExp, timeoutMs?: number): Promise<string> {
    return this.#await(match, () => this.#errors.split('\n'), timeoutMs)
  }

  async #await(match: RegExp, linesNow: () => readonly string[], timeoutMs = 10_000): Promise<string> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const line = linesNow().find((each) => match.test(each))
      if (line !== undefined) return line
      if (this.#ended || Date.now() > deadline) {
        throw new Error(`No line matched ${match}. It said:\n${this.lines.join('\n')}\n${this.#errors}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, deadline - Date.now()))
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  ends(): Promise<number | null> {
    return this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill()
    await this.#exited
  }
}
