/** Where Redis is, from one address. Knows how addresses are written; never repeats a password. Pure. */

export type Endpoint = { readonly host: string; readonly port: number }

/** How to come in, at every server of the deployment alike. */
export type Entry = {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
}

export type RedisAddress = Entry &
  (
    | { readonly kind: 'server'; readonly nodes: readonly Endpoint[] }
    | { readonly kind: 'cluster'; readonly nodes: readonly Endpoint[] }
    | { readonly kind: 'sentinel'; readonly nodes: readonly Endpoint[]; readonly master: string }
  )

const shapes =
  'redis://host:6379, rediss://user:password@host:6379/0, redis+sentinel://host1:26379,host2:26379/name or redis+cluster://host1:6379,host2:6379'

const schemes = {
  redis: { kind: 'server', tls: false },
  rediss: { kind: 'server', tls: true },
  'redis+sentinel': { kind: 'sentinel', tls: false },
  'rediss+sentinel': { kind: 'sentinel', tls: true },
  'redis+cluster': { kind: 'cluster', tls: false },
  'rediss+cluster': { kind: 'cluster', tls: true },
} as const

const isScheme = (scheme: string): scheme is keyof typeof schemes => Object.hasOwn(schemes, scheme)

/** The complaint completes “REDIS_URL …” or any other name of the setting. */
const refuse = (complaint: string): never => {
  throw new Error(`${complaint}; it is written as ${shapes}.`)
}

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse('has a % in its user or password that is not followed by two hex digits (write % as %25)')
  }
}

/**
 * @param text `redis://`, `rediss://` (TLS), `redis+sentinel://`, `redis+cluster://` and their `rediss+` forms
 * @throws Error whose message completes “REDIS_URL …” and repeats neither user nor password
 */
export const parseRedisAddress = (text: string): RedisAddress => {
  const parts = /^([a-z+]+):\/\/(?:(.*)@)?([^/?#]*)(?:\/([^?#]*))?(.*)$/i.exec(text.trim())
  const scheme = parts?.[1]?.toLowerCase() ?? ''
  if (parts === null || !isScheme(scheme)) return refuse('is not an address of Redis')
  const [, , login, hosts = '', path = '', rest = ''] = parts
  if (rest !== '') return refuse('has more after its path; there are no ? options')
  const { kind, tls } = schemes[scheme]
  const nodes = hosts.split(',').map((host) => endpointOf(host.trim(), kind === 'sentinel' ? 26_379 : 6_379))
  const entry = { tls, ...loginOf(login) }
  if (kind === 'sentinel') {
    const [name = '', db = ''] = path.split('/')
    if (name === '') return refuse('does not say the name of the master that the Sentinels watch')
    return { kind, nodes, master: unescaped(name), ...entry, db: dbOf(db) }
  }
  const db = dbOf(path)
  if (kind === 'cluster' && db !== 0) return refuse('names a database, and a Cluster has only database 0')
  if (kind === 'server' && nodes.length !== 1)
    return refuse('names several servers, and is not for Sentinel or Cluster')
  return { kind, nodes, ...entry, db }
}

const endpointOf = (text: string, usual: number): Endpoint => {
  const found = /^(\[[0-9a-f:.%]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(text)
  const port = found?.[2] === undefined ? usual : Number(found[2])
  if (found?.[1] === undefined || port < 1 || port > 65_535) {
    return refuse('has a server that is not host:port (a port is 1 to 65535, IPv6 stands in brackets)')
  }
  return { host: found[1].replace(/^\[|\]$/g, ''), port }
}

const loginOf = (login: string | undefined): { username: string | undefined; password: string | undefined } => {
  if (login === undefined) return { username: undefined, password: undefined }
  const colon = login.indexOf(':')
  const username = colon < 0 ? login : login.slice(0, colon)
  const password = colon < 0 ? '' : login.slice(colon + 1)
  return {
    username: username === '' ? undefined : unescaped(username),
    password: password === '' ? undefined : unescaped(password),
  }
}

const dbOf = (text: string): number => {
  if (text === '') return 0
  if (!/^\d{1,4}$/.test(text)) return refuse('has a path that is not the number of a database')
  return Number(text)
}

/** host:port, and what a log line or an error may show of where Redis is. */
export const nameOf = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const describeAddress = (address: RedisAddress): string => {
  const servers = address.nodes.map(nameOf).join(',')
  if (address.kind === 'sentinel') return `Sentinel ${servers} for ${address.master}`
  return address.kind === 'cluster' ? `Cluster ${servers}` : servers
}
