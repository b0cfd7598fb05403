/** Client frames as HTTP requests, and the answers as frames: what an event stream cannot carry upwards. Knows no stream. */
import {
  type ClientFrame,
  codes,
  type ErrorCode,
  type ErrorFrame,
  FanfareError,
  type Json,
  type JsonObject,
  type Position,
} from '@fanfare/protocol'
import type { Credential } from './credentials.ts'
import type { Address } from './link.ts'
import type { Fetch } from './surroundings.ts'

export type HttpOptions = { readonly fetch: Fetch; readonly address: Address; readonly credential: Credential }

type Request = { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: Json; readonly isPage?: true }

/** Undefined for a frame that has no HTTP request: it waits for a WebSocket. */
export const requestOf = (frame: ClientFrame): Request | undefined => {
  switch (frame.type) {
    case 'publish': {
      const { event, data, key } = frame
      return { method: 'POST', path: `${roomPath(frame.room)}/events`, body: { event, data, ...(key ? { key } : {}) } }
    }
    case 'command': {
      const { name, input, key } = frame
      return {
        method: 'POST',
        path: `/v1/commands/${encodeURIComponent(name)}`,
        body: { input, ...(key ? { key } : {}) },
      }
    }
    case 'history': {
      const query = new URLSearchParams()
      if (frame.limit !== undefined) query.set('limit', String(frame.limit))
      if (frame.after !== undefined) query.set('after', positionText(frame.after))
      if (frame.before !== undefined) query.set('before', positionText(frame.before))
      return {
        method: 'GET',
        path: `${roomPath(frame.room)}/history${query.size > 0 ? `?${query}` : ''}`,
        isPage: true,
      }
    }
    case 'presence':
      if (frame.state !== undefined || frame.leave) return undefined
      return { method: 'GET', path: `${roomPath(frame.room)}/presence` }
    default:
      return undefined
  }
}

const roomPath = (room: string): string => `/v1/rooms/${encodeURIComponent(room)}`

const positionText = (position: Position | 'earliest'): string =>
  position === 'earliest' ? position : `${position.epoch}.${position.offset}`

/** @throws FanfareError what the server's problem says; `unavailable` when no answer came */
export const requestJson = async (options: HttpOptions, request: Request, signal: AbortSignal): Promise<Json> => {
  const response = await openRequest(options, {
    path: request.path,
    init: {
      method: request.method,
      signal,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      headers: request.body === undefined ? {} : { 'content-type': 'application/json' },
    },
  })
  const text = await response.text()
  const result = text === '' ? null : (JSON.parse(text) as Json)
  return request.isPage ? pageOf(result as JsonObject) : result
}

/** Over HTTP a page's cursor is text, `epoch.offset`. */
const pageOf = (page: JsonObject): JsonObject => {
  if (typeof page.next !== 'string') return page
  const dot = page.next.lastIndexOf('.')
  return { ...page, next: { epoch: page.next.slice(0, dot), offset: Number(page.next.slice(dot + 1)) } }
}

/** A response that says yes. @throws FanfareError as {@link requestJson} */
export const openRequest = async (
  options: HttpOptions,
  request: { readonly path: string; readonly init: RequestInit },
): Promise<Response> => {
  const { credential, address } = options
  const headers = new Headers(request.init.headers)
  if (credential.kind === 'token') headers.set('authorization', `Bearer ${credential.token}`)
  let response: Response
  try {
    response = await options.fetch(`${address.http}${request.path}`, { ...request.init, headers, cache: 'no-store' })
  } catch (cause) {
    throw new FanfareError('unavailable', 'The server cannot be reached.', { cause })
  }
  if (!response.ok) throw await problemOf(response)
  return response
}

/** RFC 9457 with our `code`; else (a proxy answered) what the status says. */
const problemOf = async (response: Response): Promise<FanfareError> => {
  const problem = await readProblem(response)
  const code = typeof problem.code === 'string' && Object.hasOwn(codes, problem.code) ? problem.code : undefined
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const headerMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
  const retryAfterMs = typeof problem.retryAfterMs === 'number' ? problem.retryAfterMs : headerMs
  return new FanfareError(
    (code as ErrorCode | undefined) ?? codeOfStatus(response.status),
    typeof problem.detail === 'string' ? problem.detail : `The server answered ${response.status}.`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  )
}

const readProblem = async (response: Response): Promise<{ readonly [member: string]: unknown }> => {
  if (!response.headers.get('content-type')?.includes('json')) return {}
  // A body that breaks off or is not JSON after all says no more than its status.
  const body: unknown = await response.json().catch(() => undefined)
  return typeof body === 'object' && body !== null ? (body as { [member: string]: unknown }) : {}
}

const codeOfStatus = (status: number): ErrorCode => {
  if (status >= 500 || status < 400) return 'unavailable'
  const statuses: { readonly [status: number]: ErrorCode } = {
    401: 'unauthenticated',
    403: 'forbidden',
    404: 'not_found',
    413: 'too_large',
    429: 'rate_limited',
  }
  return statuses[status] ?? 'bad_frame'
}

export const errorFrameOf = (error: FanfareError, about: Pick<ErrorFrame, 'id' | 'room'>): ErrorFrame => ({
  type: 'error',
  ...about,
  code: error.code,
  message: error.message,
  retry: error.retry,
  ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
})
