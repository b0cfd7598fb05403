/**
 * Environment, file and command line → one frozen Config. Every default lives here (limits: in the protocol, which
 * clients share). Reads nothing itself: what it is given decides what it returns.
 */
import { defaultLimits, type Limits } from '@fanfare/protocol'
import { trustProxies } from './auth/client-address.ts'
import { checkJwksUrl } from './auth/jwks.ts'
import { publicAlgorithms } from './auth/keys.ts'
import { type AllowedOrigins, badOrigins } from './auth/origin.ts'
import { weaknessOf } from './auth/secret.ts'
import { featureSettings, pushProblems } from './features/feature-settings.ts'
import { nearest } from './lib/nearest.ts'
import { flag, integer, list, oneOf, type Setting, secret, size, text, time, type ValueOf } from './lib/setting.ts'
import { limitDocs } from './limit-docs.ts'
import { parseRedisAddress } from './redis/address.ts'
import { storeSettings } from './store/store-settings.ts'

const none = undefined

const originsSetting = (about: Pick<Setting<AllowedOrigins>, 'default' | 'doc'>): Setting<AllowedOrigins> => ({
  ...list({ default: [], doc: about.doc }),
  ...about,
  parse: (given) => {
    if (given === 'same-origin' || given === '*') return given
    const origins = list({ default: [], doc: '' }).parse(given)
    const bad = badOrigins(origins)
    if (bad.length === 0) return origins
    throw new Error(`has ${bad.join(', ')}; an origin is written as https://app.example.org, without a path.`)
  },
})

/** Kept as text, since it is handed on as it came; whoever opens it reads it again. */
const redisUrlSetting: Setting<string | undefined> = {
  ...secret({
    doc: 'Where Redis 7 or Valkey is, for nodes that form one server: `redis://`, `rediss://` (TLS), `redis+sentinel://`, `redis+cluster://`. `REDIS_URL` means it too. Unset: this node is alone and keeps what it must on its disk.',
  }),
  parse: (given) => {
    parseRedisAddress(given)
    return given
  },
}

const redisPrefixSetting: Setting<string> = {
  ...text({ default: 'fanfare', doc: 'Stands before every key in Redis; nodes of one server have the same.' }),
  parse: (given) => {
    if (/^[A-Za-z0-9._-]{1,64}$/.test(given)) return given
    throw new Error(`is ${JSON.stringify(given)}; it must be 1 to 64 of A-Z a-z 0-9 . _ -`)
  },
}

/** Every setting but the limits. Its environment variable is `FANFARE_` and its name in capitals. */
export const settings = {
  mode: oneOf(['development', 'production'], {
    default: 'development',
    doc: 'In production nothing unsafe is made up: a secret must be given. `NODE_ENV=production` means it too.',
  }),
  host: text({ default: '127.0.0.1', doc: 'The address to listen on; `0.0.0.0` for every one of the machine.' }),
  port: integer({ min: 0, max: 65_535 }, { default: 8080, doc: 'The port to listen on; 0 takes a free one.' }),
  dataFolder: text({
    default: '.fanfare',
    doc: 'Where a node that is alone keeps durable rooms, keys, grants and a development secret.',
  }),
  redisUrl: redisUrlSetting,
  redisPrefix: redisPrefixSetting,
  ...storeSettings,
  memoryBytes: size({ default: 256 * 1024 ** 2, doc: 'Memory for the events of rooms that are not durable, in all.' }),
  secret: secret({ doc: 'Signs and verifies HS256 tokens. At least 32 random bytes: `openssl rand -base64 48`.' }),
  keysFile: text({ default: none, doc: 'A file with a JSON Web Key Set from which tokens are verified.' }),
  jwksUrl: text({ default: none, doc: 'The address of a JSON Web Key Set from which tokens are verified.' }),
  algorithms: list({
    default: ['RS256', 'ES256', 'EdDSA'],
    doc: 'What the keys of a key set may sign with; a key that names its algorithm is pinned to that one.',
  }),
  issuer: text({ default: none, doc: 'The `iss` that tokens must have; unset, any.' }),
  audience: text({ default: none, doc: 'The `aud` that tokens must have; unset, any.' }),
  tenantClaims: list({
    default: ['tenant', 'tenantId'],
    doc: 'Claims that may hold the tenant; the first is used for tokens made here.',
  }),
  maxTokenLifetimeMs: time({ default: 86_400_000, doc: 'Tokens that live longer than this are refused.' }),
  leewayMs: time({ default: 5_000, doc: 'How far the clocks of the token issuer and of this node may differ.' }),
  allowedOrigins: originsSetting({
    default: 'same-origin',
    doc: 'Origins of pages that may connect, such as `https://app.example.org`. `same-origin`: the server’s own only; `*`: any.',
  }),
  trustedProxies: list({
    default: [],
    doc: 'Addresses or blocks of proxies whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`.',
  }),
  ...featureSettings,
  logLevel: oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
    default: 'info',
    doc: 'The least important lines to log.',
  }),
  logPretty: flag({ default: false, doc: 'Logs for people instead of one JSON object a line.' }),
  logErrorMessages: flag({
    default: false,
    doc: 'Logs what errors say besides their type and place. They may repeat what users sent; for development.',
  }),
  metricsToken: secret({
    doc: 'Asked of whoever reads `/metrics`, as a bearer token. Unset: only this machine may read them.',
  }),
} as const satisfies { readonly [name: string]: Setting<unknown> }

const countOf = integer.bind(null, { min: 1, max: 1_000_000_000 })
const limitSetting = (name: keyof Limits): Setting<number> => {
  const about = { default: defaultLimits[name], doc: limitDocs[name] }
  if (name.endsWith('Ms')) return time(about)
  return name.endsWith('Bytes') ? size(about) : countOf(about)
}
const limitNames = Object.keys(limitDocs) as (keyof Limits)[]

type Settings = typeof settings
/** Everything that a node can be told, complete and frozen. */
export type Config = { readonly [Name in keyof Settings]: ValueOf<Settings[Name]> } & { readonly limits: Limits }

/** A setting as documentation, `doctor` and error messages name it. */
export type SettingRow = {
  /** In a file: `port`, or `limits.idleMs`. */
  readonly name: string
  /** In the environment. */
  readonly variable: string
  readonly setting: Setting<unknown>
}

const capitals = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

export const settingRows: readonly SettingRow[] = [
  ...Object.entries(settings).map(([name, setting]) => ({ name, variable: `FANFARE_${capitals(name)}`, setting })),
  ...limitNames.map((name) => ({
    name: `limits.${name}`,
    variable: `FANFARE_LIMIT_${capitals(name)}`,
    setting: limitSetting(name),
  })),
]

export type Origin = 'default' | 'file' | 'environment' | 'command line'

/** Where values come from, the strongest last: file, environment, command line. An empty variable counts as unset. */
export type ConfigSources = {
  /** The parsed JSON of a configuration file: names of settings to values, limits under `limits`. */
  readonly file?: unknown
  readonly environment?: { readonly [variable: string]: string | undefined }
  /** By name of the setting, as text. */
  readonly commandLine?: { readonly [name: string]: string | undefined }
}

/** Problems keep the server from starting; warnings do not. Both are sentences without secrets. */
export type ConfigResult =
  | {
      readonly ok: true
      readonly config: Config
      readonly origins: ReadonlyMap<string, Origin>
      readonly warnings: readonly string[]
    }
  | { readonly ok: false; readonly problems: readonly string[]; readonly warnings: readonly string[] }

type Given = { readonly text: string; readonly origin: Origin; readonly as: string }

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string | undefined => {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? value.join(',') : undefined
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined
}

/** The file's values by the setting's name; what cannot be one is a problem. */
const flatten = (file: unknown, problems: string[]): ReadonlyMap<string, string> => {
  const values = new Map<string, string>()
  if (file === undefined) return values
  if (!isRecord(file)) {
    problems.push('The configuration file must hold one JSON object, such as {"port": 8080}.')
    return values
  }
  const { limits = {}, ...others } = file
  if (!isRecord(limits)) problems.push('In the configuration file, limits must be an object, such as {"authMs": 5000}.')
  const named = [
    ...Object.entries(others),
    ...Object.entries(isRecord(limits) ? limits : {}).map(([name, value]) => [`limits.${name}`, value] as const),
  ]
  const known = settingRows.map((row) => row.name)
  for (const [name, value] of named) {
    const asText = textOf(value)
    if (!known.includes(name))
      problems.push(`The configuration file has ${name}, which is no setting.${hint(name, known)}`)
    else if (asText === undefined)
      problems.push(`${name} in the configuration file must be a text, number, true, false or list of texts.`)
    else values.set(name, asText)
  }
  return values
}

const hint = (word: string, known: readonly string[]): string => {
  const meant = nearest(word, known)
  return meant === undefined ? '' : ` Did you mean ${meant}?`
}

/** Variables that the commands read and a node does not. */
export const clientVariables = {
  FANFARE_URL: 'Where `publish`, `tail` and `doctor` find the server.',
  FANFARE_TOKEN: 'The token that `publish` and `tail` show.',
  FANFARE_API_KEY: 'The API key that `publish` and `tail` show.',
} as const

const unknownVariables = (environment: { readonly [variable: string]: string | undefined }): string[] => {
  const known = [...settingRows.map((row) => row.variable), ...Object.keys(clientVariables)]
  return Object.keys(environment)
    .filter((variable) => variable.startsWith('FANFARE_') && !known.includes(variable))
    .map((variable) => `${variable} is no setting and has no effect.${hint(variable, known)}`)
}

/** Our own name, and then one that others use too. */
const variablesOf = ({ name, variable }: SettingRow): readonly string[] => {
  const others: { readonly [name: string]: string } = { redisUrl: 'REDIS_URL', databaseUrl: 'DATABASE_URL' }
  const other = others[name]
  return other === undefined ? [variable] : [variable, other]
}

const find = (row: SettingRow, sources: ConfigSources, file: ReadonlyMap<string, string>): Given | undefined => {
  const { environment = {}, commandLine = {} } = sources
  const spoken = commandLine[row.name]
  if (spoken !== undefined) return { text: spoken, origin: 'command line', as: `--${row.name}` }
  const variable = variablesOf(row).find((one) => environment[one])
  if (variable !== undefined) return { text: environment[variable] ?? '', origin: 'environment', as: variable }
  const kept = file.get(row.name)
  if (kept !== undefined) return { text: kept, origin: 'file', as: `${row.name} in the configuration file` }
  if (row.name === 'mode' && environment.NODE_ENV === 'production') {
    return { text: 'production', origin: 'environment', as: 'NODE_ENV' }
  }
  return undefined
}

/** What `check` throws, as a problem of the setting. */
const problemOf = (variable: string, check: () => unknown): readonly string[] => {
  try {
    check()
    return []
  } catch (error) {
    return [`${variable}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** What a kind of setting cannot know: rules of those who use the value, and of several values together. */
const together = (config: Config): readonly string[] => {
  const { jwksUrl, mode, secret, keysFile } = config
  const foreign = config.algorithms.filter((name) => !publicAlgorithms.some((known) => known === name))
  const weakness = mode === 'production' && secret ? weaknessOf(secret) : undefined
  const blind = mode === 'production' && !secret && !jwksUrl && !keysFile
  return [
    ...foreign.map((name) => `FANFARE_ALGORITHMS has ${name}; it may have ${publicAlgorithms.join(', ')} only.`),
    ...(jwksUrl === undefined ? [] : problemOf('FANFARE_JWKS_URL', () => checkJwksUrl(jwksUrl))),
    ...problemOf('FANFARE_TRUSTED_PROXIES', () => trustProxies(config.trustedProxies)),
    ...(weakness ? [`FANFARE_SECRET ${weakness}. Make one with: openssl rand -base64 48`] : []),
    ...(blind ? [nothingVerifies] : []),
    ...pushProblems(config),
    ...(config.auditKey && mode === 'production' && weaknessOf(config.auditKey)
      ? [`FANFARE_AUDIT_KEY ${weaknessOf(config.auditKey)}. Make one with: openssl rand -base64 48`]
      : []),
  ]
}

const nothingVerifies =
  'In production there is no way to verify a token. Set FANFARE_SECRET (openssl rand -base64 48), FANFARE_JWKS_URL or FANFARE_KEYS_FILE.'

const assemble = (values: ReadonlyMap<string, unknown>): Config => {
  const limits = Object.fromEntries(limitNames.map((name) => [name, values.get(`limits.${name}`)]))
  const others = Object.fromEntries(Object.keys(settings).map((name) => [name, values.get(name)]))
  return Object.freeze({ ...others, limits: Object.freeze(limits) }) as Config
}

/** Reads every setting and reports all problems at once. */
export const readConfig = (sources: ConfigSources): ConfigResult => {
  const problems: string[] = []
  const file = flatten(sources.file, problems)
  const values = new Map<string, unknown>()
  const origins = new Map<string, Origin>()
  for (const row of settingRows) {
    const given = find(row, sources, file)
    origins.set(row.name, given?.origin ?? 'default')
    values.set(row.name, row.setting.default)
    if (given === undefined) continue
    try {
      values.set(row.name, row.setting.parse(given.text))
    } catch (error) {
      problems.push(`${given.as} ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const warnings = unknownVariables(sources.environment ?? {})
  const config = assemble(values)
  problems.push(...together(config))
  return problems.length === 0 ? { ok: true, config, origins, warnings } : { ok: false, problems, warnings }
}

/** The defaults, with these values instead: for tests and for programs that embed a node. */
export const configWith = (
  values: Partial<Omit<Config, 'limits'>> & { readonly limits?: Partial<Limits> } = {},
): Config => {
  const defaults = assemble(new Map(settingRows.map((row) => [row.name, row.setting.default])))
  return Object.freeze({ ...defaults, ...values, limits: Object.freeze({ ...defaults.limits, ...values.limits }) })
}
