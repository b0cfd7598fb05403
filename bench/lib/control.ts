/**
 * How the benchmark talks to a process of its own, a server or a load: one JSON line a question on its standard input, one
 * JSON line an answer on its standard output. No socket, so that what is measured has no other traffic. Runs on Bun and Node.
 */
import process from 'node:process'
import { createInterface } from 'node:readline'

export type Answer = { readonly [name: string]: unknown }
type Handlers = { readonly [question: string]: (options: never) => Answer | Promise<Answer> }
type Question = { readonly ask: string; readonly options: unknown }

const say = (answer: Answer): void => void process.stdout.write(`${JSON.stringify(answer)}\n`)

/** Answers that the process failed, and ends it: what happens outside of a question has no other way out. */
export const giveUp = (error: Error): never => {
  say({ failed: error.stack ?? error.message })
  process.exit(1)
}

/** Says that it is ready, then answers one question after another until the input ends. */
export const answerQuestions = async (ready: Answer, handlers: Handlers): Promise<void> => {
  say(ready)
  for await (const line of createInterface({ input: process.stdin })) {
    const { ask, options } = JSON.parse(line) as Question
    try {
      const handle = handlers[ask]
      if (!handle) throw new Error(`nothing answers to ${ask}`)
      say(await handle(options as never))
    } catch (error) {
      say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
}
