/** Polls and posts of clients whose session is on another node: carried there, and answered as that node says. */
import { refusalAnswer, refusals } from '../../flows/socketio/engine-ask.ts'
import type { EngineSockets } from '../../flows/socketio/engine-sockets.ts'
import type { Answer } from '../../flows/socketio/letters.ts'
import type { FarSession } from '../../flows/socketio/other-nodes.ts'
import { readBody, textOf } from '../body.ts'
import { isBinary, payloadAnswer, takenAnswer, unreadAnswer } from './answers.ts'

/** @throws FanfareError `overloaded` */
export const carryElsewhere = async (
  engine: EngineSockets,
  session: FarSession,
  request: Request,
): Promise<Response> => {
  if (request.method === 'GET') return poll(engine, session, request.signal)
  if (request.method === 'POST') return post(engine, session, request)
  return refusalAnswer(refusals.badRequest)
}

const poll = async ({ others, settings }: EngineSockets, session: FarSession, signal: AbortSignal) => {
  // Until then its own node has answered: at the latest with a ping, or because no answer to that came.
  const withinMs = settings.pingIntervalMs + settings.pingTimeoutMs
  return answerOf(await others.poll(session, { withinMs, signal }))
}

const post = async ({ others, settings }: EngineSockets, session: FarSession, request: Request): Promise<Response> => {
  if (isBinary(request)) {
    others.refuse(session)
    return refusalAnswer(refusals.badRequest)
  }
  let body: string
  try {
    body = textOf(await readBody(request, settings.maxPayload))
  } catch (error) {
    others.refuse(session)
    return unreadAnswer(error)
  }
  return answerOf(await others.post(session, body))
}

const answerOf = (answer: Answer): Response => {
  switch (answer.kind) {
    case 'payload':
      return payloadAnswer(answer.payload)
    case 'taken':
      return takenAnswer()
    case 'refused':
      return refusalAnswer(refusals.badRequest)
    case 'unknown':
    case 'yielded':
      return refusalAnswer(refusals.sessionUnknown)
  }
}
