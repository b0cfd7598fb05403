/** One request of the API, as often as it takes. Every request is safe to repeat: by its nature, or by a key in its body. */
import { FanfareError, type Json } from '@fanfare/protocol'
import { readAnswer } from './answer.ts'
import type { CallOptions, Settings } from './options.ts'
import { retrying, type Waiting } from './retry.ts'

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** From `/v1`; what is put into it is percent-encoded. */
  readonly path: string
  readonly query?: { readonly [name: string]: string | number | undefined }
  readonly body?: unknown
  /** In place of the API key. */
  readonly token?: string
  readonly headers?: { readonly [name: string]: string }
}

export type Call = {
  /** @throws FanfareError; the signal's reason */
  (request: ApiRequest, options?: CallOptions): Promise<Json>
  readonly settings: Settings
  readonly waiting: Waiting
}

export const createCall = (settings: Settings, waiting: Waiting): Call => {
  const { retry } = settings
  const call = (request: ApiRequest, { signal }: CallOptions = {}) =>
    retrying({ retry, waiting, signal }, () => sendOnce(settings, request, signal))
  return Object.assign(call, { settings, waiting })
}

/** A part of a path. */
export const part = (text: string): string => encodeURIComponent(text)

const sendOnce = async (settings: Settings, request: ApiRequest, signal: AbortSignal | undefined): Promise<Json> => {
  signal?.throwIfAborted()
  const ended = new AbortController()
  const stop = () => ended.abort(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(
    () => ended.abort(new Error(`no answer within ${settings.timeoutMs} ms`)),
    settings.timeoutMs,
  )
  try {
    const response = await settings.fetch(addressOf(settings, request), initOf(settings, request, ended.signal))
    return await readAnswer(response)
  } catch (error) {
    if (error instanceof FanfareError) throw error
    if (signal?.aborted) throw signal.reason
    throw unreachable(settings, request, ended.signal.aborted ? ended.signal.reason : error)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

const addressOf = ({ url }: Settings, { path, query = {} }: ApiRequest): string => {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return `${url}${path}${given.length === 0 ? '' : `?${new URLSearchParams(given)}`}`
}

const initOf = ({ apiKey }: Settings, request: ApiRequest, signal: AbortSignal): RequestInit => ({
  method: request.method,
  signal,
  // Whoever answers in the server's place is not given the key.
  redirect: 'manual',
  headers: {
    ...request.headers,
    authorization: `Bearer ${request.token ?? apiKey}`,
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
  },
  ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
})

/** No cause: runtimes and whoever wraps `fetch` put requests into their errors, headers included. */
const unreachable = ({ apiKey }: Settings, { token = apiKey }: ApiRequest, error: unknown): FanfareError => {
  const reason = innermost(error).replaceAll(apiKey, '…').replaceAll(token, '…')
  return new FanfareError('unavailable', `The server cannot be reached: ${reason}`)
}

const innermost = (error: unknown, depth = 0): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined || depth > 5 ? error.message || error.name : innermost(error.cause, depth + 1)
}
