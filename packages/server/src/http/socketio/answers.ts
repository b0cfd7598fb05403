/** What Engine.IO's polls and posts are answered with, wherever their session is. */
import { toFanfareError } from '@fanfare/protocol'
import { refusalAnswer, refusals } from '../../flows/socketio/engine-ask.ts'

// As the stock server answers: old browsers offer any other type as a download.
const postHeaders = { 'Content-Type': 'text/html', 'Cache-Control': 'no-store' } as const
const pollHeaders = { 'Content-Type': 'text/plain; charset=UTF-8', 'Cache-Control': 'no-store' } as const

export const payloadAnswer = (payload: string): Response => new Response(payload, { headers: pollHeaders })

export const takenAnswer = (): Response => new Response('ok', { headers: postHeaders })

/** To a body that could not be read. */
export const unreadAnswer = (error: unknown): Response =>
  refusalAnswer(toFanfareError(error).code === 'too_large' ? refusals.tooLarge : refusals.badRequest)

/** Of an older version, whose binary payloads nobody sends any more. */
export const isBinary = (request: Request): boolean =>
  /^application\/octet-stream\b/i.test(request.headers.get('content-type') ?? '')
