/** What an error of PostgreSQL, or of the way to it, is for those who know only the store. */
import { FanfareError } from '@fanfare/protocol'
import { DatabaseError } from 'pg'

/** SQLSTATEs, or their first two characters, that are not the query's fault. */
const faults: readonly (readonly [string, string])[] = [
  ['53100', 'its disk is full'],
  ['53300', 'it has as many connections as it may have'],
  ['53', 'it lacks memory or disk'],
  ['57014', 'a statement took too long'],
  ['57', 'it is stopping or starting'],
  ['55P03', 'others held a row for too long'],
  ['25P03', 'a transaction stood still for too long'],
  ['25006', 'it may only be read: is it a standby?'],
  ['08', 'the connection broke'],
  ['28', 'it refuses this user or password'],
  ['3D000', 'there is no such database'],
  ['58', 'its disk does not answer'],
  ['XX001', 'it is damaged'],
  ['XX002', 'an index of it is damaged'],
]

/** Others were in the way: the transaction may succeed when it is run again. */
export const isConflict = (error: unknown): boolean =>
  error instanceof DatabaseError && (error.code === '40001' || error.code === '40P01')

/** The user may not do this. */
export const isRefusal = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.code === '42501'

/**
 * Whether the connection cannot be used any more: it broke, an answer may still be on its way, or it leads to a server that was
 * the first and is none any more, which only a new connection finds out.
 */
export const isBroken = (error: unknown): boolean =>
  error instanceof DatabaseError ? fatal.includes(error.severity ?? '') || error.code === readOnly : !isOurs(error)

const fatal: readonly string[] = ['FATAL', 'PANIC']
const readOnly = '25006'

/** A value that cannot be sent, or what we throw ourselves: nothing was said to the server. */
const isOurs = (error: unknown): boolean =>
  error instanceof FanfareError || error instanceof TypeError || error instanceof RangeError

const retryAfterMs = 1_000

/** FanfareError `unavailable` where the database or the way to it is at fault; any other error as it is. */
export const toStoreError = (error: unknown, where: string): unknown => {
  if (isOurs(error) || !(error instanceof Error)) return error
  if (!(error instanceof DatabaseError)) return unavailable(`PostgreSQL at ${where} does not answer`, error)
  const code = error.code ?? ''
  const fault = isConflict(error) ? 'too many changed the same rows at once' : faultOf(code)
  return fault === undefined ? error : unavailable(`PostgreSQL at ${where} cannot be used: ${fault}`, error)
}

const faultOf = (code: string): string | undefined => faults.find(([start]) => code.startsWith(start))?.[1]

const unavailable = (message: string, cause: Error): FanfareError =>
  new FanfareError('unavailable', `${message}.`, { cause, retryAfterMs })
