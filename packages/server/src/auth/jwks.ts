/**
 * Keys from an address. Fetches when a key is asked for that is not known, or when what is known is old; never more than
 * once in a cooldown, whatever tokens ask for. Keeps the keys that it has while the address does not answer.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type KeySource, keysOfSet, type PublicAlgorithm, publicAlgorithms, type TypedKey } from './keys.ts'

export type JwksOptions = {
  /** https, or http to this machine. */
  readonly url: string
  readonly clock: Clock
  readonly log: Log
  /** @default RS256, ES256, EdDSA */
  readonly algorithms?: readonly PublicAlgorithm[]
  /** Keys older than this are fetched again, in ms. @default 600,000 */
  readonly freshMs?: number
  /** Keys are used for this long while the address does not answer, in ms. @default 3,600,000 */
  readonly staleMs?: number
  /** The least time between two fetches, in ms. @default 10,000 */
  readonly cooldownMs?: number
  /** @default 5,000 */
  readonly timeoutMs?: number
  /** @default 262,144 */
  readonly maxBytes?: number
  /** @default fetch */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export const jwksDefaults = {
  algorithms: publicAlgorithms,
  freshMs: 600_000,
  staleMs: 3_600_000,
  cooldownMs: 10_000,
  timeoutMs: 5_000,
  maxBytes: 262_144,
  fetch: (url: string, init: RequestInit) => fetch(url, init),
} as const

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** @throws Error when keys from there could be forged on the way */
export const checkJwksUrl = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const safe = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback.test(parsed.hostname))
  if (safe && parsed.username === '' && parsed.password === '') return parsed.href
  throw new Error('The address of a key set must be https, or http to this machine, and carry no password.')
}

type Known = { readonly byKid: ReadonlyMap<string, TypedKey>; readonly at: number }

/** Fetches nothing before it is asked. @throws Error when the address is not safe */
export const jwksKeys = (given: JwksOptions): KeySource => {
  const options = { ...jwksDefaults, ...given, url: checkJwksUrl(given.url) }
  const { clock, log } = options
  let known: Known | undefined
  let running: Promise<void> | undefined
  let last: { readonly at: number; readonly failed: boolean } | undefined

  const fetchKeys = async (): Promise<void> => {
    const at = clock.now()
    try {
      known = { byKid: await fetchSet(options), at }
      last = { at, failed: false }
    } catch (error) {
      last = { at, failed: true }
      log.warn({ host: new URL(options.url).host, reason: reasonOf(error) }, 'the key set could not be fetched')
    }
  }
  const refresh = async (): Promise<void> => {
    if (last && !running && clock.now() - last.at < options.cooldownMs) return
    running ??= fetchKeys().finally(() => {
      running = undefined
    })
    await running
  }

  return {
    async find(kid) {
      if (kid === undefined) return []
      const age = () => (known ? clock.now() - known.at : Number.POSITIVE_INFINITY)
      if (age() > options.freshMs || !known?.byKid.has(kid)) await refresh()
      const key = age() <= options.staleMs ? known?.byKid.get(kid) : undefined
      if (key) return [key]
      // The key may exist, and the sender has done nothing wrong.
      if (last?.failed) {
        throw new FanfareError('unavailable', 'The keys that verify tokens cannot be fetched just now. Try again.', {
          retryAfterMs: options.cooldownMs,
        })
      }
      return []
    },
  }
}

type FetchOptions = Required<Pick<JwksOptions, 'url' | 'algorithms' | 'timeoutMs' | 'maxBytes' | 'fetch'>>

const fetchSet = async (options: FetchOptions): Promise<ReadonlyMap<string, TypedKey>> => {
  const response = await options.fetch(options.url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // A redirect could lead to an address that was never configured.
    redirect: 'error',
    signal: AbortSignal.timeout(options.timeoutMs),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`The answer has status ${response.status}.`)
  }
  const set: unknown = JSON.parse(await readAtMost(response, options.maxBytes))
  const byKid = new Map<string, TypedKey>()
  for (const key of await keysOfSet(set, options.algorithms)) {
    if (key.kid !== undefined && !byKid.has(key.kid)) byKid.set(key.kid, key)
  }
  return byKid
}

const readAtMost = async (response: Response, maxBytes: number): Promise<string> => {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`The answer has more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : 'unknown')
