/** A failure as an answer: problem details (RFC 9457) with our codes. Causes stay on the server. */
import { codes, type FanfareError } from '@fanfare/protocol'

export const problemType = 'application/problem+json'

/** What differs from what the code alone says. */
export type ProblemOptions = {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
}

/** The members of a problem, for an answer or for one item of it. `type` is a stable address on this server. */
export const problemOf = (error: FanfareError, status: number = error.status) => ({
  type: `/docs#${error.code}`,
  title: codes[error.code].meaning,
  status,
  detail: error.message,
  code: error.code,
  retry: error.retry,
  ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(error.retryAfterMs) }),
})

export const problem = (error: FanfareError, options: ProblemOptions = {}): Response => {
  const { status = error.status } = options
  return new Response(JSON.stringify(problemOf(error, status)), {
    status,
    headers: {
      'Content-Type': problemType,
      'Cache-Control': 'no-store',
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...(error.retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(error.retryAfterMs / 1000)) }),
      ...options.headers,
    },
  })
}
