/** What a request asks of Engine.IO, and the words in which it is refused. The same for polls and for WebSockets. */
import { FanfareError } from '@fanfare/protocol'
import { clientAddress, type TrustedProxies } from '../../auth/client-address.ts'
import type { Services } from '../services.ts'
import type { EngineTransport, Handshake } from './engine-port.ts'
import type { EngineSocket } from './engine-socket.ts'
import type { EngineSockets } from './engine-sockets.ts'
import { KeptHandshake } from './handshake.ts'
import type { FarSession } from './other-nodes.ts'

/** As every client of Engine.IO knows them; the body of the answer is the code and the message. */
export const refusals = {
  transportUnknown: { status: 400, code: 0, message: 'Transport unknown' },
  sessionUnknown: { status: 400, code: 1, message: 'Session ID unknown' },
  badMethod: { status: 400, code: 2, message: 'Bad handshake method' },
  badRequest: { status: 400, code: 3, message: 'Bad request' },
  tooLarge: { status: 413, code: 3, message: 'Payload too large' },
  forbidden: { status: 403, code: 4, message: 'Forbidden' },
  versionUnknown: { status: 400, code: 5, message: 'Unsupported protocol version' },
} as const

export type Refusal = (typeof refusals)[keyof typeof refusals]

export const refusalAnswer = ({ status, code, message }: Refusal): Response =>
  Response.json({ code, message }, { status })

/** Both ways to write it: clients can be told to leave the slash out. */
export const isEnginePath = (pathname: string, path: string): boolean => pathname === path || pathname === `${path}/`

export type Asked = {
  readonly method: string
  readonly query: URLSearchParams
  /** By which it came: a WebSocket's handshake is one too. */
  readonly by: EngineTransport
}

export type EngineAsk =
  | { readonly kind: 'open' }
  | { readonly kind: 'session'; readonly socket: EngineSocket }
  /** Of another node, as far as its id says. */
  | { readonly kind: 'elsewhere'; readonly session: FarSession }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }

export const askOf = (sockets: EngineSockets, { method, query, by }: Asked): EngineAsk => {
  const transport = sockets.settings.transports.find((name) => name === query.get('transport'))
  if (!transport) return refuse('transportUnknown')
  const sid = query.get('sid')
  if (sid) return ofSession(sockets, sid, transport === by && query.get('EIO') === version ? by : undefined)
  if (method !== 'GET') return refuse('badMethod')
  if (transport !== by) return refuse('badRequest')
  return query.get('EIO') === version ? { kind: 'open' } : refuse('versionUnknown')
}

const version = '4'

/** @param by undefined where the request is not what it says it is */
const ofSession = (sockets: EngineSockets, sid: string, by: EngineTransport | undefined): EngineAsk => {
  const socket = sockets.find(sid)
  if (!socket) {
    const node = sockets.others.nodeOf(sid)
    if (node === undefined) return refuse('sessionUnknown')
    return by ? { kind: 'elsewhere', session: { node, path: sockets.settings.path, sid } } : refuse('badRequest')
  }
  if (!by) return refuse('badRequest')
  // A second WebSocket is taken and closed, because clients know no other answer to it.
  return by === 'websocket' || socket.transport === 'polling' ? { kind: 'session', socket } : refuse('badRequest')
}

const refuse = (name: keyof typeof refusals): EngineAsk => ({ kind: 'refuse', refusal: refusals[name] })

export type Whence = { readonly remoteAddress: string; readonly trustedProxies: TrustedProxies }
export type Arrival = Whence & { readonly now: number }

export const addressOf = ({ headers }: Request, { remoteAddress, trustedProxies }: Whence): string =>
  clientAddress(remoteAddress, headers.get('x-forwarded-for'), trustedProxies)

export const handshakeOf = (request: Request, arrival: Arrival): Handshake => {
  const { headers, url } = request
  const { now } = arrival
  const address = addressOf(request, arrival)
  return new KeptHandshake({ headers, query: new URL(url).search, address, openedAt: now })
}

/** @throws FanfareError `shutting_down`, `overloaded`, `rate_limited` */
export const admitLink = ({ accepting, quotas }: Pick<Services, 'accepting' | 'quotas'>, address: string): void => {
  if (!accepting) throw new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 })
  quotas.connect(address)
}
