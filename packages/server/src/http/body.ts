/** The body of a request, counted as it arrives and never trusted to be as long as it says. */
import { FanfareError, type Limits } from '@fanfare/protocol'

const most = 1024 * 1024

/** Bytes that any request's body may have: a full batch of messages, but never more than 1 MB. */
export const bodyLimit = (limits: Limits): number => Math.min(limits.messageBytes * limits.publishBatch, most)

/** Whoever sends a body byte by byte holds a request for so long and no longer. */
const patienceMs = 30_000

/** @throws FanfareError `too_large`, before more than the limit is in memory; `bad_frame` when it breaks off or does not end */
export const readBody = async (
  request: Request,
  limit: number,
  withinMs = patienceMs,
): Promise<Uint8Array<ArrayBuffer>> => {
  if (request.body === null) return new Uint8Array()
  const reader = request.body.getReader()
  let over = false
  const timer = setTimeout(() => {
    over = true
    reader.cancel().catch(ignoreCancelled)
  }, withinMs)
  try {
    const bytes = await readAll(reader, limit)
    if (over) throw new FanfareError('bad_frame', `The body did not end within ${withinMs} ms.`)
    return bytes
  } finally {
    clearTimeout(timer)
  }
}

const readAll = async (reader: BodyReader, limit: number): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read().catch(brokenOff)
    if (done) return joined(chunks, size)
    size += value.byteLength
    if (size > limit) {
      await reader.cancel().catch(ignoreCancelled)
      throw new FanfareError('too_large', `The body is larger than ${limit} bytes.`)
    }
    chunks.push(value)
  }
}
type BodyReader = ReadableStreamDefaultReader<Uint8Array>

const brokenOff = (cause: unknown): never => {
  throw new FanfareError('bad_frame', 'The body broke off.', { cause })
}

/** The refusal is the answer; that the sender cannot be told to stop changes nothing. */
const ignoreCancelled = (): undefined => undefined

const joined = (chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws FanfareError `bad_frame` */
export const textOf = (bytes: Uint8Array<ArrayBuffer>): string => {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new FanfareError('bad_frame', 'The body is not UTF-8.', { cause })
  }
}
