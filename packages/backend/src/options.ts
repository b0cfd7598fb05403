/** What a backend can be told, and what it does when it is not. Checks what would fail later; repeats no secret. */
import { backoffDefaults, type RetryOptions } from './retry.ts'

export type BackendOptions = {
  /** Of the server: `https://realtime.example.com`, with a path where it is mounted below one. */
  readonly url: string
  /** `ff_…`, from `fanfare key create`; it names the tenant. */
  readonly apiKey: string
  /** The server's `FANFARE_SECRET`: only to mint tokens and get tickets. */
  readonly secret?: string
  /** The tenant that minted tokens are for. */
  readonly tenant?: string
  /** What the server asks of tokens besides (`FANFARE_ISSUER`, `FANFARE_AUDIENCE`, the first of `FANFARE_TENANT_CLAIMS`). */
  readonly issuer?: string
  readonly audience?: string
  /** @default 'tenant' */
  readonly tenantClaim?: string
  /** How often and how long to try again; `false` never does. @default 6 tries, 0.2 to 10 s between them */
  readonly retry?: RetryOptions | false
  /** For each try. @default 10000 */
  readonly timeoutMs?: number
  /** @default the runtime's */
  readonly fetch?: Fetch
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** For one call. */
export type CallOptions = {
  /** Ends the call, and the wait between two tries; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** The options with every default filled in. */
export type Settings = {
  readonly url: string
  readonly apiKey: string
  readonly retry: Required<RetryOptions>
  readonly timeoutMs: number
  readonly fetch: Fetch
}

/** @throws Error that says which option is wrong, and never what it was */
export const settingsOf = (options: BackendOptions): Settings => {
  const { apiKey, retry = {}, timeoutMs = 10_000 } = options
  // A header that cannot be sent is refused with its value in the message.
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new Error('apiKey: give the key as it was shown, without spaces or line ends.')
  return {
    url: addressOf(options.url),
    apiKey,
    retry: { ...backoffDefaults, ...(retry === false ? { tries: 1 } : retry) },
    timeoutMs,
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
  }
}

const addressOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Error('url: give an address such as https://realtime.example.com.')
  if (url.username || url.password || url.search || url.hash) {
    throw new Error('url: give no user, password, query or fragment; the key goes into apiKey.')
  }
  return url.href.replace(/\/+$/, '')
}
