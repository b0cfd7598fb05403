/** One worker of `fanfare start --workers N`: a node that says when it is ready, and stops when its supervisor says so or is gone. */
import type { Canary } from '../flows/canary.ts'
import type { Log, LogFields } from '../lib/log.ts'
import type { Parent } from './processes.ts'
import type { Terminal } from './terminal.ts'
import type { FromWorker } from './workers.ts'

const lookMs = 250

/** Every line says of which worker it is. */
export const logOfWorker = (log: Log, worker: number): Log => {
  const withWorker = (fields: LogFields): LogFields => ({ worker, ...fields })
  return {
    debug: (fields, message) => log.debug(withWorker(fields), message),
    info: (fields, message) => log.info(withWorker(fields), message),
    warn: (fields, message) => log.warn(withWorker(fields), message),
    error: (fields, message) => log.error(withWorker(fields), message),
  }
}

export type Worker = {
  /** Told to stop once, however often it is told and by whom; what the supervisor has said to people is not said again. */
  readonly terminal: Terminal
  /** Resolves when an event went through the engine and the supervisor was told, or when the worker was told to stop before. */
  readiness(node: { readonly url: string; readonly canary: Pick<Canary, 'check'> }): Promise<void>
}

/** From here on the supervisor is listened to. */
export const becomeWorker = (terminal: Terminal, parent: Parent, log: Log): Worker => {
  let told = false
  const callbacks = new Set<() => void>()
  const stop = (): void => {
    if (told) return
    told = true
    for (const callback of callbacks) callback()
  }
  terminal.onSignal(stop)
  parent.listen(
    (message) => {
      if (isStop(message)) stop()
    },
    () => {
      if (!told) log.warn({}, 'the supervisor is gone: this worker stops')
      stop()
    },
  )
  const onSignal = (callback: () => void): (() => void) => {
    callbacks.add(callback)
    if (told) callback()
    return () => callbacks.delete(callback)
  }
  return {
    terminal: { ...terminal, note: () => {}, onSignal },
    async readiness({ url, canary }) {
      while (!told && !(await canary.check()).ok) {
        await new Promise<void>((resolve) => terminal.clock.after(lookMs, resolve))
      }
      if (!told) parent.tell({ type: 'ready', url } satisfies FromWorker)
    },
  }
}

const isStop = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'stop'
