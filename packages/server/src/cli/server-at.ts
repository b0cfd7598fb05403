/** How `publish` and `tail` reach a server and say who asks. Owns no request. */
import { codes, type ErrorCode, FanfareError } from '@fanfare/protocol'
import type { Command } from 'commander'
import type { Config } from '../config.ts'
import { type Claimant, claimsOf, collect, mintHere } from './mint.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'

export type ServerOptions = SettingOptions &
  Claimant & { readonly url?: string; readonly token?: string; readonly apiKey?: string }

/** A server, and a fresh `Authorization` header for each request to it. */
export type ServerAt = { readonly url: string; authorization(): Promise<string> }

export const withServer = (command: Command): Command =>
  withSettings(command)
    .option('--url <address>', 'where the server is (FANFARE_URL)')
    .option('--token <token>', 'who asks (FANFARE_TOKEN)')
    .option('--api-key <key>', 'which server asks (FANFARE_API_KEY)')
    .option('--tenant <id>', 'without a token: make one for this tenant from the secret at hand')
    .option('--user <id>', 'with --tenant: the user', 'developer')
    .option('--role <name>', 'with --tenant: a role; may be repeated', collect)
    .option('--grant <grant>', 'with --tenant: a right; may be repeated', collect)

/** Where the node of this configuration listens, as somebody on this machine reaches it. */
export const addressOf = ({ host, port }: Pick<Config, 'host' | 'port'>): string => {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** @throws Error that says how to tell who asks */
export const serverAt = async (terminal: Terminal, options: ServerOptions): Promise<ServerAt> => {
  const { environment } = terminal
  const config = await settle(terminal, options)
  const url = (options.url ?? (environment.FANFARE_URL || addressOf(config))).replace(/\/+$/, '')
  const shown = options.token ?? options.apiKey
  if (shown !== undefined) return { url, authorization: async () => `Bearer ${shown}` }
  const { tenant } = options
  if (tenant !== undefined) {
    const claims = claimsOf({ ...options, tenant })
    return { url, authorization: async () => `Bearer ${await mintHere(terminal, config, claims)}` }
  }
  const kept = environment.FANFARE_TOKEN || environment.FANFARE_API_KEY
  if (kept) return { url, authorization: async () => `Bearer ${kept}` }
  throw new Error(
    'The server will ask who you are. Give --token or --api-key or, where the secret is, --tenant and --user.',
  )
}

const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(codes, value)

/** What a server answered instead of success, as an error with its code and words. */
export const refusalOf = async (response: Response): Promise<FanfareError> => {
  const text = await response.text()
  const problem = parse(text)
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const options = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}
  if (isCode(problem.code)) return new FanfareError(problem.code, String(problem.detail ?? problem.title), options)
  const code = response.status >= 500 ? 'unavailable' : 'not_found'
  return new FanfareError(code, `The server answered ${response.status}. Is ${response.url} a Fanfare server?`, options)
}

const parse = (text: string): { readonly [name: string]: unknown } => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** @throws FanfareError `unavailable` when nobody answers there */
export const request = async (terminal: Terminal, url: string, init: RequestInit): Promise<Response> => {
  try {
    return await terminal.fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted) throw error
    const where = new URL(url).origin
    const message = `Nothing answers at ${where}. Start a server (fanfare start app.ts) or give its address with --url.`
    throw new FanfareError('unavailable', message, { cause: error })
  }
}
