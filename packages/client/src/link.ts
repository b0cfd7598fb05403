/** The port of a link: carries frames to one server and back, whatever the transport. It never decides to reconnect. */
import type { ClientFrame, FanfareError, ServerFrame } from '@fanfare/protocol'
import type { Transport } from './connection-state.ts'

export type Link = {
  readonly transport: Transport
  /** In order. Ignored once the link has ended. */
  send(frame: ClientFrame): void
  /** Says goodbye and ends. `ended` is not called for it. */
  close(): void
}

export type LinkEvents = {
  /** Ready for frames. */
  opened(): void
  frame(frame: ServerFrame): void
  /** Bytes came: the link is alive, though there may be no frame in them. */
  heard(): void
  /** Once, unless `close` was called. */
  ended(error: FanfareError): void
}

/** Where the server is, without a trailing slash. */
export type Address = {
  /** `http://host` or `https://host`, with the path in front of `/v1` if there is one. */
  readonly http: string
  /** The whole address for WebSockets. */
  readonly socket: string
}

/** @throws TypeError when it is no address, or is relative where there is no page to be relative to */
export const addressOf = (url: string, path: string): Address => {
  const page = typeof location === 'undefined' ? undefined : location.href
  const base = new URL(url, page)
  const secure = base.protocol === 'https:' || base.protocol === 'wss:'
  if (!secure && base.protocol !== 'http:' && base.protocol !== 'ws:') {
    throw new TypeError(`The address of the server must start with http, https, ws or wss: ${url}`)
  }
  const rest = `://${base.host}${base.pathname.replace(/\/+$/, '')}`
  return { http: `http${secure ? 's' : ''}${rest}`, socket: `ws${secure ? 's' : ''}${rest}${path}` }
}

export const withQuery = (address: string, name: string, value: string): string =>
  `${address}${address.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`
