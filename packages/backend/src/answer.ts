/** What a server's answer says: JSON, or a failure with a code. Sends nothing. */
import { codes, type ErrorCode, FanfareError, type Json } from '@fanfare/protocol'

/** @throws FanfareError what the problem says; `unavailable` for an answer that is not from Fanfare */
export const readAnswer = async (response: Response): Promise<Json> => {
  if (!response.ok) throw await failureOf(response)
  if (response.status === 204) return null
  const text = await response.text()
  try {
    return JSON.parse(text) as Json
  } catch {
    // A proxy's page, half of an answer, or none.
    throw new FanfareError('unavailable', `The server answered ${response.status} with what is not JSON.`)
  }
}

/** RFC 9457 with our `code`; else (a proxy answered) what the status says. */
const failureOf = async (response: Response): Promise<FanfareError> => {
  const isProblem = response.headers.get('content-type')?.includes('json')
  const told = isProblem ? readProblem(await response.text()) : {}
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return problemError({
    status: response.status,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {}),
    ...told,
  })
}

const readProblem = (text: string): object => {
  try {
    const told: unknown = JSON.parse(text)
    return typeof told === 'object' && told !== null ? told : {}
  } catch {
    return {}
  }
}

/** A problem, or what is left of one. */
export const problemError = (problem: { readonly [member: string]: unknown }): FanfareError => {
  const { code, detail, retryAfterMs, status } = problem
  const known = typeof code === 'string' && Object.hasOwn(codes, code) ? (code as ErrorCode) : codeOfStatus(status)
  return new FanfareError(
    known,
    typeof detail === 'string' ? detail : `The server answered ${String(status)}.`,
    typeof retryAfterMs === 'number' ? { retryAfterMs } : {},
  )
}

const codeOfStatus = (status: unknown): ErrorCode => {
  if (typeof status !== 'number' || status >= 500) return 'unavailable'
  const statuses: { readonly [status: number]: ErrorCode } = {
    401: 'unauthenticated',
    403: 'forbidden',
    404: 'not_found',
    408: 'unavailable',
    413: 'too_large',
    422: 'invalid_payload',
    429: 'rate_limited',
  }
  return statuses[status] ?? 'bad_frame'
}
