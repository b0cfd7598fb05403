/** What `fanfare doctor` finds out about a configuration without asking anybody. Pure. */
import { weaknessOf } from '../auth/secret.ts'
import type { Config } from '../config.ts'

/** `unsafe` is a fault in production and advice in development. */
export type State = 'ok' | 'note' | 'unsafe' | 'failed'
export type Finding = { readonly state: State; readonly about: string; readonly detail: string }

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

export const safetyOf = (config: Config): readonly Finding[] => [
  exposure(config),
  verification(config),
  origins(config),
  metrics(config),
  lifetime(config),
]

const exposure = ({ mode, host }: Config): Finding => {
  const about = 'mode'
  if (mode === 'production') return { state: 'ok', about, detail: 'production' }
  if (isLoopback(host)) return { state: 'ok', about, detail: 'development, reachable from this machine only' }
  return {
    state: 'unsafe',
    about,
    detail: `development, but ${host} is reachable by others: set FANFARE_MODE=production`,
  }
}

const verification = ({ secret, jwksUrl, keysFile, redisUrl }: Config): Finding => {
  const about = 'tokens'
  const weakness = secret === undefined ? undefined : weaknessOf(secret)
  if (weakness) {
    return { state: 'unsafe', about, detail: `FANFARE_SECRET ${weakness}; make one with: openssl rand -base64 48` }
  }
  const ways = [
    ...(secret === undefined ? [] : ['a strong secret']),
    ...(jwksUrl === undefined ? [] : [`keys from ${jwksUrl}`]),
    ...(keysFile === undefined ? [] : [`keys in ${keysFile}`]),
  ]
  if (ways.length > 0) return { state: 'ok', about, detail: `verified with ${ways.join(' and ')}` }
  const where = redisUrl === undefined ? 'the data folder' : 'Redis'
  return { state: 'note', about, detail: `verified with a development secret from ${where}` }
}

const origins = ({ allowedOrigins }: Config): Finding => {
  const about = 'origins'
  if (allowedOrigins === 'same-origin') return { state: 'ok', about, detail: 'only pages of this server may connect' }
  if (allowedOrigins === '*') return { state: 'unsafe', about, detail: 'any page that has a token may connect' }
  const plain = allowedOrigins.filter((origin) => origin.startsWith('http://') && !isLoopback(new URL(origin).hostname))
  if (plain.length > 0) {
    return { state: 'unsafe', about, detail: `${plain.join(', ')}: pages over http can be changed on their way` }
  }
  return { state: 'ok', about, detail: allowedOrigins.join(', ') || 'no page may connect' }
}

const metrics = ({ metricsToken }: Config): Finding => {
  const who = metricsToken === undefined ? 'this machine only' : 'whoever has the token'
  return { state: 'ok', about: 'metrics', detail: `shown to ${who}` }
}

const dayMs = 86_400_000

const lifetime = ({ maxTokenLifetimeMs }: Config): Finding => {
  const hours = Math.round(maxTokenLifetimeMs / 3_600_000)
  const about = 'lifetime'
  if (maxTokenLifetimeMs <= dayMs) return { state: 'ok', about, detail: `tokens live ${hours} h at most` }
  return { state: 'unsafe', about, detail: `tokens may live ${hours} h; a stolen one is good for as long` }
}
