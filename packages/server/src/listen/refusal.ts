/** An upgrade that is refused, as an HTTP answer: problem details (RFC 9457), before a socket is made. */
import type { FanfareError } from '@fanfare/protocol'

export const refusal = (error: FanfareError): Response =>
  Response.json(
    { title: error.code, status: error.status, detail: error.message, code: error.code, retry: error.retry },
    {
      status: error.status,
      headers: {
        'Content-Type': 'application/problem+json',
        ...(error.retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(error.retryAfterMs / 1000)) }),
      },
    },
  )
