/** What was opened, closed in reverse. One part that does not close well keeps none of the others open. */
import type { Log } from './log.ts'

export class Closing {
  readonly #log: Log
  readonly #steps: (() => Promise<void>)[] = []
  #running: Promise<void> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  push(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** Once, however often it is asked for. */
  close(): Promise<void> {
    this.#running ??= this.#close()
    return this.#running
  }

  async #close(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        this.#log.error({ error }, 'a part of the server did not close well')
      }
    }
  }
}
