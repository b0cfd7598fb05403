/** What an error of Redis means for what was asked: not begun (ask again), not known, or refused for good. Pure. */
import type { Endpoint } from './address.ts'
import { ConnectionLost, NotSent } from './connection.ts'

export type Refusal =
  /** Not begun: another server has the slot. */
  | { readonly kind: 'moved'; readonly to: Endpoint }
  /** Not begun: the slot is on its way, and this key is there already. */
  | { readonly kind: 'asked'; readonly to: Endpoint }
  /** Not begun: the server does not have the script. */
  | { readonly kind: 'unknown-script' }
  /** Not begun: a new master's first second, or this connection does not know its master by its present name. */
  | { readonly kind: 'fenced' }
  /** Not begun: this server is not, or no longer, the master. */
  | { readonly kind: 'demoted' }
  /** Not begun: there is no connection now; `hopeless`: nor will there be soon. */
  | { readonly kind: 'away'; readonly hopeless: boolean }
  /** Not begun: it passes by itself. */
  | { readonly kind: 'later' }
  /** Not begun, and asking again at once is of no use: full, or this user may not. */
  | { readonly kind: 'denied' }
  /** Sent, and never answered: it may have been done, and may be done yet. */
  | { readonly kind: 'lost' }
  /** The script itself went wrong. */
  | { readonly kind: 'failed' }

const kinds: { readonly [code: string]: Exclude<Refusal['kind'], 'moved' | 'asked' | 'away'> } = {
  NOSCRIPT: 'unknown-script',
  FENCED: 'fenced',
  READONLY: 'demoted',
  MASTERDOWN: 'demoted',
  TRYAGAIN: 'later',
  CLUSTERDOWN: 'later',
  LOADING: 'later',
  BUSY: 'later',
  NOREPLICAS: 'later',
  OOM: 'denied',
  MISCONF: 'denied',
  NOAUTH: 'denied',
  NOPERM: 'denied',
  WRONGPASS: 'denied',
}

/** @param asked who said it; a redirection without a host means the same host */
export const refusalOf = (error: unknown, asked?: Endpoint): Refusal => {
  if (error instanceof NotSent) return { kind: 'away', hopeless: error.hopeless }
  if (error instanceof ConnectionLost) return { kind: 'lost' }
  const message = error instanceof Error && error.name === 'ReplyError' ? error.message : ''
  // A script that replies with one word only has it put behind ERR.
  const [code = '', , where = ''] = message.replace(/^ERR (?=[A-Z]+$)/, '').split(' ')
  if (code === 'MOVED' || code === 'ASK') {
    const to = redirectionOf(where, asked)
    if (to === undefined) return { kind: 'later' }
    return { kind: code === 'MOVED' ? 'moved' : 'asked', to }
  }
  return { kind: (Object.hasOwn(kinds, code) ? kinds[code] : undefined) ?? 'failed' }
}

const redirectionOf = (where: string, asked: Endpoint | undefined): Endpoint | undefined => {
  const colon = where.lastIndexOf(':')
  const port = Number(where.slice(colon + 1))
  const host = where.slice(0, Math.max(colon, 0)) || asked?.host
  return host === undefined || host === '?' || !(port > 0) ? undefined : { host, port }
}
