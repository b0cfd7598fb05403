/** One run of a script on one connection, with the wait for replicas where it is asked for. Never tries again but for an unknown script. */
import { FanfareError } from '@fanfare/protocol'
import type { Connection, ServerInfo } from './connection.ts'
import type { Call, Reply } from './redis.ts'
import { refusalOf } from './refusal.ts'

export type Evaluation = {
  readonly call: Call
  /** ARGV[1] */
  readonly time: number
  /** ARGV[2] */
  readonly replid: string
  /** How long replicas may take, ms. */
  readonly waitMs: number
  /** On the server that the slot is on its way to. */
  readonly asking: boolean
  /** Whether anybody still waits for it; what is begun later could come after what was asked for later. */
  readonly isWanted: () => boolean
}

/** WAITAOF says that replicas have it on disk; it needs Redis 7.2 and a master that itself writes a file. */
export const waitCommand = (
  { version: [major, minor], appendOnly }: Pick<ServerInfo, 'version' | 'appendOnly'>,
  replicas: number,
): readonly [string, ...number[]] =>
  appendOnly && (major > 7 || (major === 7 && minor >= 2)) ? ['WAITAOF', 1, replicas] : ['WAIT', replicas]

/** @throws the server's error, NotSent, ConnectionLost, or FanfareError `unavailable` when it ran and too few replicas have it */
export const evaluate = async (connection: Connection, what: Evaluation): Promise<Reply> => {
  try {
    return await evaluateAs(connection, what, ['EVALSHA', what.call.script.sha])
  } catch (error) {
    if (refusalOf(error).kind !== 'unknown-script' || !what.isWanted()) throw error
    return await evaluateAs(connection, what, ['EVAL', what.call.script.source])
  }
}

const evaluateAs = async (
  connection: Connection,
  { call, time, replid, waitMs, asking }: Evaluation,
  [command, script]: readonly [string, string],
): Promise<Reply> => {
  const { replicas = 0 } = call
  const asked = asking ? connection.send('ASKING') : undefined
  asked?.catch(() => {})
  const answer = connection.send(command, script, call.keys.length, ...call.keys, time, replid, ...call.args)
  if (replicas === 0) return answer
  // Sent right behind it on the same connection: the wait is for what this connection wrote, and costs no round trip more.
  const [wait, ...counts] = waitCommand(connection.info, replicas)
  const waited = connection.send(wait, ...counts, Math.max(1, Math.floor(waitMs)))
  const [given, reached] = await Promise.allSettled([answer, waited])
  if (given.status === 'rejected') throw given.reason
  if (reached.status === 'rejected') throw notReached(reached.reason)
  const count = Number(Array.isArray(reached.value) ? reached.value[1] : reached.value)
  if (count >= replicas) return given.value
  throw notReached(new Error(`${wait}: ${count} of ${replicas} replicas`))
}

const notReached = (cause: unknown): FanfareError =>
  new FanfareError('unavailable', 'It is stored, but not yet by a replica; try again with the same key.', { cause })
