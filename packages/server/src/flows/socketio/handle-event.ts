/**
 * An event of a client: to the handler of its name, or to the command that it stands for. Begun in the order of arrival;
 * those behind it are held only when too many are under way. What it comes to is acknowledged, where the client asks.
 */
import { FanfareError, type Json, toFanfareError } from '@fanfare/protocol'
import { SocketAnswer } from '../../app/socketio.ts'
import { checkRefresh } from '../../auth/credentials.ts'
import { runCommand } from '../command.ts'
import { errorFrame } from '../error-frame.ts'
import { tellOfSession } from '../tell.ts'
import { weighSession } from '../weigh.ts'
import { NamespaceHandshake } from './handshake.ts'
import { identify } from './identify.ts'
import type { Socket } from './socket.ts'
import { socketContext } from './socket-context.ts'

/** `args` begin with the name. */
export type ClientEvent = { readonly id: number | undefined; readonly args: readonly unknown[] }

/** Never throws. Resolves when the next event may begin. */
export const handleEvent = async (socket: Socket, event: ClientEvent): Promise<void> => {
  const { session } = socket
  socket.options.node.idle?.heard(socket)
  session.pending++
  const done = run(socket, event)
    .then(
      (answer) => acknowledge(socket, event, answer),
      (error: unknown) => answerError(socket, event, toFanfareError(error)),
    )
    .then(() => socket.saveChange())
    .catch((error: unknown) => report(socket, event, toFanfareError(error)))
    .finally(() => session.pending--)
  if (session.pending >= socket.options.node.services.limits.inboxMessages) await done
}

/** @throws what the handler throws */
const run = async (socket: Socket, { args: [given, ...args] }: ClientEvent): Promise<readonly unknown[]> => {
  const { rule, node } = socket.options
  const name = String(given)
  if (name === rule.refresh) return refresh(socket, args[0])
  const handler = rule.handlers.get(name)
  if (!handler) return [await runAsCommand(socket, rule.commands.get(name) ?? name, args)]
  node.services.quotas.spend(socket.session)
  const checked = handler.check ? await handler.check(args) : args
  const answer = await handler.handle(socketContext(socket), ...checked)
  tellOfSession(node.services, socket.session, { action: 'command.run', subject: name })
  if (answer instanceof SocketAnswer) return answer.args
  return answer === undefined ? [] : [answer]
}

/** One argument is the input; several are, as an array. */
const runAsCommand = (socket: Socket, name: string, args: readonly unknown[]): Promise<Json> => {
  const { services } = socket.options.node
  const { session, namespace } = socket
  services.quotas.spend(session)
  const caller = { kind: 'user', tenantId: session.tenantId, user: session.user } as const
  const input = args.length > 1 ? args : (args[0] ?? null)
  return runCommand(services, caller, { name, input, session: session.id, namespace })
}

/** A new token for the same user, as `token` or `{ token }`: rights and expiry change, who it is does not. */
const refresh = async (socket: Socket, shown: unknown): Promise<readonly unknown[]> => {
  const { node, rule, engine } = socket.options
  const { session } = socket
  const auth = typeof shown === 'string' ? { token: shown } : shown
  if (typeof auth !== 'object' || auth === null) throw new FanfareError('unauthenticated', 'Send the new token.')
  const handshake = new NamespaceHandshake(rule.name, auth as { [name: string]: Json }, engine.handshake)
  const identity = await identify(node.services, rule, handshake)
  checkRefresh(session.identity, identity)
  session.identity = identity
  session.user = node.services.auth.userOf(identity)
  tellOfSession(node.services, session, { action: 'session.refreshed', subject: session.id })
  await weighSession(node.services, session)
  return [{ expiresAt: new Date(identity.expiresAt).toISOString() }]
}

const acknowledge = (socket: Socket, { id }: ClientEvent, answer: readonly unknown[]): void => {
  if (id !== undefined) socket.acknowledge(id, answer)
}

/** `{ error: { code, message, retry } }` to who asked for an answer; else as an event of its own. */
const answerError = (socket: Socket, event: ClientEvent, error: FanfareError): void => {
  const { type: _, ...problem } = errorFrame(error)
  if (error.code === 'internal') report(socket, event, error)
  socket.options.node.services.metrics.add('fanfare_frames_refused_total')
  if (event.id === undefined) socket.session.send(errorFrame(error))
  else socket.acknowledge(event.id, [{ error: problem }])
}

const report = (socket: Socket, { args }: ClientEvent, error: FanfareError): void =>
  socket.options.node.services.log.error(
    { error: error.cause ?? error, event: String(args[0]).slice(0, 40), session: socket.id },
    'an event of a client failed',
  )
