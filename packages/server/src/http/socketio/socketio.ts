/** Engine.IO's polling at the path of the application: opens sessions, and carries their packets by GET and POST. */
import type { Context } from 'hono'
import { addressOf, admitLink, askOf, handshakeOf, refusalAnswer, refusals } from '../../flows/socketio/engine-ask.ts'
import type { EngineSocket } from '../../flows/socketio/engine-socket.ts'
import type { EngineSockets } from '../../flows/socketio/engine-sockets.ts'
import type { Api } from '../api/api.ts'
import { readBody, textOf } from '../body.ts'
import { isPreflight, mayConnect } from '../origins.ts'
import type { HttpContext, HttpEnv } from '../settings.ts'
import { isBinary, payloadAnswer, takenAnswer, unreadAnswer } from './answers.ts'
import { addBrowserClient } from './browser-client.ts'
import { credentialHeaders, preflightAnswer } from './cross-origin.ts'
import { carryElsewhere } from './elsewhere.ts'

export const addSocketIo = (api: Api, context: HttpContext): void => {
  for (const engine of context.engines ?? []) addEngine(api, context, engine)
}

const addEngine = (api: Api, context: HttpContext, engine: EngineSockets): void => {
  const { path, serveClient } = engine.settings
  const answer = async (c: Context<HttpEnv>): Promise<Response> => {
    const { allowedOrigins } = context.settings
    const response = await answerOf(context, engine, c)
    for (const [name, value] of credentialHeaders(c.req.raw, allowedOrigins)) response.headers.append(name, value)
    return response
  }
  api.all(path, answer)
  api.all(`${path}/`, answer)
  if (serveClient) addBrowserClient(api, path)
}

const answerOf = async (context: HttpContext, engine: EngineSockets, c: Context<HttpEnv>): Promise<Response> => {
  const { services, settings } = context
  const request = c.req.raw
  if (!mayConnect(request, settings.allowedOrigins)) return refusalAnswer(refusals.forbidden)
  if (isPreflight(request)) return preflightAnswer(request)
  const asked = askOf(engine, { method: request.method, query: new URL(request.url).searchParams, by: 'polling' })
  if (asked.kind === 'refuse') return refusalAnswer(asked.refusal)
  if (asked.kind === 'session') return carry(asked.socket, request, engine.settings.maxPayload)
  const whence = { remoteAddress: c.env.remote.address, trustedProxies: settings.trustedProxies }
  if (asked.kind === 'elsewhere') {
    const { quotas } = services
    return carryElsewhere({ engine, session: asked.session, request, address: addressOf(request, whence), quotas })
  }
  const handshake = handshakeOf(request, { ...whence, now: services.clock.now() })
  admitLink(services, handshake.address)
  return payloadAnswer(engine.openPolling(handshake))
}

const carry = async (socket: EngineSocket, request: Request, maxPayload: number): Promise<Response> => {
  if (request.method === 'GET') return poll(socket, request.signal)
  if (request.method === 'POST') return post(socket, request, maxPayload)
  return refusalAnswer(refusals.badRequest)
}

/** Open until there is something to say, or the session ends. Whoever leaves before has left the session. */
const poll = async (socket: EngineSocket, signal: AbortSignal): Promise<Response> => {
  const waiting = socket.poll()
  if (!waiting) return refusalAnswer(refusals.badRequest)
  const lost = () => socket.pollLost()
  signal.addEventListener('abort', lost, { once: true })
  if (signal.aborted) lost()
  const payload = await waiting
  signal.removeEventListener('abort', lost)
  // Gone in the moment between: what was taken for it is lost.
  if (signal.aborted) lost()
  return payloadAnswer(payload)
}

const post = async (socket: EngineSocket, request: Request, maxPayload: number): Promise<Response> => {
  if (isBinary(request)) {
    socket.refuse()
    return refusalAnswer(refusals.badRequest)
  }
  try {
    const taken = await socket.post(async () => textOf(await readBody(request, maxPayload)))
    return taken ? takenAnswer() : refusalAnswer(refusals.badRequest)
  } catch (error) {
    return unreadAnswer(error)
  }
}
