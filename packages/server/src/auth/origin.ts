/** Which pages may connect. Pure; compares whole origins (scheme, host, port) and never a part of one. */

/** A list of origins; empty refuses every browser. `same-origin`: only pages from the host that the request names. `*`: any page. */
export type AllowedOrigins = 'same-origin' | '*' | readonly string[]

const shape = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\\\s\p{C}*]+)$/iu

/** The one way to write an origin: lower case, no default port, international names in ASCII. Undefined when it is none, as `null` is. */
export const normaliseOrigin = (origin: string): string | undefined => {
  const match = shape.exec(origin)
  if (!match) return undefined
  const scheme = match[1]!.toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') return `${scheme}://${match[2]!.toLowerCase()}`
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  return url?.origin
}

/** Every entry of a configured list that is no origin, for the refusal to start. */
export const badOrigins = (allowed: readonly string[]): readonly string[] =>
  allowed.filter((origin) => normaliseOrigin(origin) === undefined)

/**
 * Whether a request with this `Origin` and `Host` may go on. A request without an origin does not come from a page and
 * passes: what it may do is decided by its token, which browsers never send of their own accord.
 */
export const originAllowed = (
  origin: string | null | undefined,
  host: string | null | undefined,
  allowed: AllowedOrigins,
): boolean => {
  if (origin === null || origin === undefined || allowed === '*') return true
  const asked = normaliseOrigin(origin)
  if (asked === undefined) return false
  if (allowed !== 'same-origin') return allowed.some((entry) => normaliseOrigin(entry) === asked)
  if (!host) return false
  const scheme = asked.slice(0, asked.indexOf('://'))
  return normaliseOrigin(`${scheme}://${host}`) === asked
}
