/** Polls and posts of clients whose session is on another node: carried there, and answered as that node says. */
import { FanfareError } from '@fanfare/protocol'
import type { Services } from '../../flows/services.ts'
import { refusalAnswer, refusals } from '../../flows/socketio/engine-ask.ts'
import type { EngineSockets } from '../../flows/socketio/engine-sockets.ts'
import type { Answer } from '../../flows/socketio/letters.ts'
import type { FarSession } from '../../flows/socketio/other-nodes.ts'
import { readBody, textOf } from '../body.ts'
import { isBinary, payloadAnswer, takenAnswer, unreadAnswer } from './answers.ts'

export type Carried = {
  readonly engine: EngineSockets
  readonly session: FarSession
  readonly request: Request
  /** Of the client. */
  readonly address: string
  readonly quotas: Services['quotas']
}

/** @throws FanfareError `rate_limited`, `overloaded` */
export const carryElsewhere = async (carried: Carried): Promise<Response> => {
  const { address, engine, request, session } = carried
  const { method } = request
  if (method !== 'GET' && method !== 'POST') return refusalAnswer(refusals.badRequest)
  // Before the body is read: whoever made up the id sends it to nobody.
  const found = await engine.others.seek(session, address)
  if (found.kind !== 'there') return answerOf(found)
  return method === 'GET' ? poll(carried) : post(carried)
}

const poll = async ({ address, engine, quotas, request, session }: Carried): Promise<Response> => {
  const { others, settings } = engine
  quotas.carry(address, 0)
  // Until then its own node has answered: at the latest with a ping, or because no answer to that came.
  const withinMs = settings.pingIntervalMs + settings.pingTimeoutMs
  return answerOf(await others.poll(session, { withinMs, signal: request.signal }))
}

const post = async ({ address, engine, quotas, request, session }: Carried): Promise<Response> => {
  const { others, settings } = engine
  if (isBinary(request)) {
    others.refuse(session)
    return refusalAnswer(refusals.badRequest)
  }
  const read = async () => {
    const bytes = await readBody(request, settings.maxPayload)
    quotas.carry(address, bytes.byteLength)
    return textOf(bytes)
  }
  try {
    return answerOf(await others.post(session, read))
  } catch (error) {
    // Nothing is wrong with the body.
    if (error instanceof FanfareError && (error.code === 'rate_limited' || error.code === 'overloaded')) throw error
    return unreadAnswer(error)
  }
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
    // Neither is an answer to a poll or a post.
    case 'there':
    case 'yielded':
      return refusalAnswer(refusals.sessionUnknown)
  }
}
