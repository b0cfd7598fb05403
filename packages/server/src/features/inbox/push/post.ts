/**
 * One POST to an address that a user named: to public addresses only, as they are at the moment of connecting, so that no name
 * leads anywhere else later. Follows no redirect, reads no answer but its status, and does not wait long.
 */
import { lookup as resolve } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Clock } from '../../../lib/clock.ts'
import { publicAddresses } from '../../../lib/public-address.ts'
import { hostOf, type Mode } from './endpoint.ts'

export type PostRequest = {
  readonly url: string
  readonly headers: { readonly [name: string]: string | number }
  readonly body: Buffer
}

export type Posted = { readonly status: number; readonly retryAfterMs: number | undefined }

/** @throws Error when there was no answer in time, or the address is not one that may be called */
export type Post = (request: PostRequest) => Promise<Posted>

export type PosterOptions = {
  readonly mode: Mode
  readonly clock: Clock
  readonly timeoutMs: number
  /** Certificates to trust besides those of the machine. */
  readonly ca?: string
}

export type Poster = { readonly post: Post; close(): void }

/** An address that no push may go to, now or later. */
export class NotPublic extends Error {
  constructor() {
    super('The address of a push leads to no public address.')
  }
}

export const createPoster = (options: PosterOptions): Poster => {
  const { mode, clock, timeoutMs } = options
  const addresses = publicAddresses()
  const mayCall = (address: string) =>
    addresses.isPublic(address) || (mode === 'development' && addresses.isLoopback(address))
  const lookup: LookupFunction = (host, asked, found) => {
    resolve(host, { all: true }, (error, all) => {
      const first = all?.[0]
      if (error) return found(error, [])
      if (first === undefined || !all.every(({ address }) => mayCall(address))) return found(new NotPublic(), [])
      if (asked.all) return found(null, all)
      return found(null, first.address, first.family)
    })
  }
  // Of its own: connections that others opened were not looked at.
  const trusted = options.ca === undefined ? {} : { ca: options.ca }
  const agents = { https: new https.Agent({ keepAlive: true, ...trusted }), http: new http.Agent() }

  const post: Post = ({ url: text, headers, body }) =>
    new Promise((answer, fail) => {
      const url = new URL(text)
      const host = hostOf(url)
      const isSecure = url.protocol === 'https:'
      if (!isSecure && mode === 'production') return fail(new NotPublic())
      // Where the host is an address itself, nobody looks it up.
      if (isIP(host) !== 0 && !mayCall(host)) return fail(new NotPublic())
      const request = (isSecure ? https : http).request(
        url,
        { method: 'POST', headers, lookup, agent: isSecure ? agents.https : agents.http, ...trusted },
        (response) => {
          timer.cancel()
          // Nobody reads what it says, and nobody waits for the end of it.
          response.on('error', () => {})
          response.destroy()
          answer({ status: response.statusCode ?? 0, retryAfterMs: retryAfterOf(response.headers['retry-after']) })
        },
      )
      const timer = clock.after(timeoutMs, () => request.destroy(new Error(`No answer within ${timeoutMs} ms.`)))
      request.on('error', (error) => {
        timer.cancel()
        fail(error)
      })
      request.end(body)
    })

  return {
    post,
    close() {
      agents.https.destroy()
      agents.http.destroy()
    },
  }
}

const retryAfterOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined
