/** What the routes of the API share: their type, how a refusal by a schema reads, and what each of them may answer. */
import { FanfareError } from '@fanfare/protocol'
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { problemType } from '../problem.ts'
import type { HttpEnv } from '../settings.ts'

export type Api = OpenAPIHono<HttpEnv>

/** A Hono application whose schemas refuse as everything else does: with a typed error that names the member. */
export const createApi = (): Api =>
  new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw refusal(result.error)
    },
  })

const refusal = (error: { readonly issues: readonly z.core.$ZodIssue[] }): FanfareError => {
  const issue = error.issues[0]
  const path = issue?.path.map(String).join('.')
  return new FanfareError('bad_frame', `${path ? `${path}: ` : ''}${issue?.message ?? 'The request is not valid.'}`)
}

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    retry: z.enum(['now', 'later', 'never']),
    retryAfterMs: z.number().optional(),
  })
  .openapi('Problem', {
    description: 'What went wrong (RFC 9457). `code` is one of the error codes; `retry` says whether to try again.',
    example: {
      type: '/docs#forbidden',
      title: 'The user may not do this.',
      status: 403,
      detail: 'The user may not publish in patient:42.',
      code: 'forbidden',
      retry: 'never',
    },
  })

const refusals = {
  400: 'The request is not well formed: `bad_frame`, `bad_name`, `unsafe_json`.',
  401: 'No valid token or key: `unauthenticated`, `token_expired`.',
  403: 'Not allowed: `forbidden`, `tenant_mismatch`, `origin_refused`.',
  404: 'No such thing: `unknown_room`, `unknown_event`, `unknown_command`, `not_found`.',
  410: 'The cursor points into a log that is gone: `position_lost`.',
  413: 'Too large: `too_large`.',
  422: 'The data does not match its schema: `invalid_payload`.',
  429: 'Too many requests: `rate_limited`, `too_many_sessions`. `Retry-After` says when to come back.',
  503: 'Not just now: `unavailable`, `overloaded`, `shutting_down`.',
} as const

export type Refused = keyof typeof refusals

const problemContent = { [problemType]: { schema: Problem } } as const

type Refusal = { description: string; content: typeof problemContent }

/** The problems that an operation may answer with, for its description. */
export const refusedWith = <Status extends Refused>(...statuses: readonly Status[]): { [_ in Status]: Refusal } =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: refusals[status], content: problemContent }]),
  ) as unknown as { [_ in Status]: Refusal }

type Security = { [scheme: string]: string[] }[]

/** Every operation that asks who the caller is. */
export const guarded: Security = [{ userToken: [] }, { apiKey: [] }]
/** An operation for a tenant's servers and administrators. */
export const administered: Security = [{ apiKey: [] }, { userToken: [] }]

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
