/**
 * What of an error may stand in a log: its type, its code and where it happened. Never what it says: the application's
 * errors often repeat what a user sent. Pure.
 */

export type Loggable = {
  readonly type: string
  readonly code?: string | number
  /** Only of errors of the operating system and the database, which speak of files and disks, or where it was asked for. */
  readonly message?: string
  /** `function file:line:column`, innermost first. */
  readonly at?: readonly string[]
  readonly cause?: Loggable
}

const mostFrames = 12
const mostCauses = 3
const frame = /^\s+at (.{1,300}:\d+:\d+\)?)$/

/** @param say `messages` keeps what errors say, for a developer's own machine */
export const loggable = (thrown: unknown, say: 'messages' | 'nothing', depth = 0): Loggable => {
  if (!(thrown instanceof Error)) {
    return { type: typeof thrown, ...(say === 'messages' ? { message: String(thrown) } : {}) }
  }
  const { cause } = thrown
  const code = codeOf(thrown)
  const at = framesOf(thrown)
  return {
    type: thrown.constructor.name,
    ...(code === undefined ? {} : { code }),
    ...(say === 'messages' || isOfSystem(thrown) ? { message: thrown.message } : {}),
    ...(at.length === 0 ? {} : { at }),
    ...(cause === undefined || depth >= mostCauses ? {} : { cause: loggable(cause, say, depth + 1) }),
  }
}

const codeOf = (error: Error): string | number | undefined => {
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'number') return code
  return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : undefined
}

const isOfSystem = (error: Error): boolean =>
  ('syscall' in error && 'errno' in error) || ('errcode' in error && codeOf(error) === 'ERR_SQLITE_ERROR')

/** A message may have lines that look like frames; they stand before the first real one. */
const framesOf = ({ message, stack = '' }: Error): readonly string[] => {
  const start = stack.indexOf(message)
  const after = message === '' || start < 0 ? stack : stack.slice(start + message.length)
  const frames = after.split('\n').flatMap((line) => frame.exec(line)?.[1] ?? [])
  return frames.slice(0, mostFrames)
}
