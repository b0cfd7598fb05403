/**
 * A client connects to a namespace: who it is, whether it comes back, then its session, the reply, its rooms, and the
 * application's own word. A refusal is a `connect_error` that says what to do; what passes by itself is none.
 */
import { type ErrorCode, type FanfareError, type JsonObject, toFanfareError } from '@fanfare/protocol'
import type { NamespaceRule } from '../../app/socketio.ts'
import { secretId } from '../../lib/ids.ts'
import type { Identity } from '../../model/identity.ts'
import { encodeConnect, encodeConnectError } from '../../wire/socketio/packets.ts'
import { connect } from '../connect.ts'
import { errorFrame } from '../error-frame.ts'
import type { EngineLink } from './engine-port.ts'
import { NamespaceHandshake } from './handshake.ts'
import { identify } from './identify.ts'
import type { SocketIoNode } from './node.ts'
import type { Arrival, Arriving } from './recovery.ts'
import { enterRooms, roomsOf } from './rooms.ts'
import { Socket, type SocketOwner } from './socket.ts'
import { socketContext } from './socket-context.ts'

export type Opening = {
  readonly node: SocketIoNode
  readonly engine: EngineLink
  readonly namespace: string
  readonly auth: JsonObject
  readonly owner: OpeningOwner
}

export type OpeningOwner = SocketOwner & {
  /** Whether the connection ended meanwhile. */
  readonly over: boolean
  /** The socket is there, and is to be told from now on what happens to its connection. */
  opened(socket: Socket): void
}

/** Never throws. */
export const openSocket = async (opening: Opening): Promise<void> => {
  const { node, engine, namespace } = opening
  const rule = node.rule.namespaces.get(namespace)
  if (!rule) {
    engine.write([encodeConnectError(namespace, { message: 'Invalid namespace' })])
    return
  }
  try {
    await open(opening, rule)
  } catch (thrown) {
    refuse(opening, toFanfareError(thrown))
  }
}

/** Trouble of this node, about which the client can do nothing but come back. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unavailable', 'overloaded'])
/** Between one and two of these: a stock client is back a second after its connection has ended, as often as it ends. */
const calmMs = 2_000

const refuse = ({ node, engine, namespace }: Opening, error: FanfareError): void => {
  const { services } = node
  services.metrics.add('fanfare_connects_refused_total')
  // After a `connect_error` a stock client never comes back; after the end of its connection it does, by itself.
  if (error.code === 'shutting_down') {
    engine.close('server shutting down')
    return
  }
  if (passing.has(error.code)) {
    services.clock.after(error.retryAfterMs ?? calmMs * (1 + Math.random()), () => engine.close('forced close'))
    return
  }
  if (error.code === 'internal') services.log.error({ error: error.cause }, 'a client could not connect')
  const { type: _, message, ...data } = errorFrame(error)
  engine.write([encodeConnectError(namespace, { message, data })])
}

const open = async (opening: Opening, rule: NamespaceRule): Promise<void> => {
  const { node, engine, owner } = opening
  const { services, recovery } = node
  const shown = handshakeOf(opening)
  const identity = await identify(services, rule, shown)
  const arriving = await arrive(opening, rule, identity)
  const late = recovery?.begins(arriving) === false
  if (owner.over || late) {
    if (late) engine.terminate()
    if (!arriving.recovered) recovery?.forget({ ...arriving, tenantId: identity.tenantId })
    return
  }
  const { id, recovered } = arriving
  const handshake = rule.authenticate ? shown : shown.withoutSecrets()
  const socket = new Socket({ node, rule, engine, handshake, id, recovered, owner }, arriving)
  const dialect = node.dialects.get(rule.name)
  if (!dialect) throw new Error(`Nothing was made for the namespace ${rule.name}.`)
  try {
    socket.begin(connect(services, { link: socket, dialect, identity, endpoint: undefined, id: arriving.id }))
  } catch (error) {
    if (!arriving.recovered) recovery?.forget({ ...arriving, tenantId: identity.tenantId })
    throw error
  }
  owner.opened(socket)
  const reply = { sid: socket.id, ...(recovery && { pid: arriving.pid }) }
  engine.writeAlone(encodeConnect(rule.name, reply))
  await settle(socket, arriving)
}

/** `pid` and `offset` are what a client of Socket.IO adds by itself. */
const handshakeOf = ({ engine, namespace, auth: shown }: Opening): NamespaceHandshake => {
  const { pid: _, offset: __, ...auth } = shown
  return new NamespaceHandshake(namespace, auth, engine.handshake)
}

const arrive = async (opening: Opening, rule: NamespaceRule, identity: Identity): Promise<Arriving> => {
  const { services, recovery } = opening.node
  const rooms = roomsOf(rule.subscribe, { id: identity.userId, tenantId: identity.tenantId })
  if (recovery) {
    const arrival: Arrival = { identity, namespace: rule.name, auth: opening.auth }
    return (await recovery.find(arrival)) ?? recovery.create(arrival, rooms)
  }
  const places = rooms.map(async (name) => {
    const { top } = await services.engine.log.read(services.app.room(identity.tenantId, name), {
      after: 'latest',
      limit: 1,
    })
    return { name, epoch: top.epoch, offset: top.offset }
  })
  return {
    id: secretId(),
    pid: '',
    life: '',
    recovered: false,
    places: await Promise.all(places),
    begins: [],
    data: {},
  }
}

const settle = async (socket: Socket, arriving: Arriving): Promise<void> => {
  const { node, rule } = socket.options
  if (arriving.recovered) node.services.metrics.add('fanfare_replays_total')
  const whole = await enterRooms(socket, arriving.places)
  if (arriving.recovered && !whole) {
    // It was promised everything, and something went away in this moment: it begins anew.
    node.recovery?.forget({ ...arriving, tenantId: socket.session.tenantId })
    socket.session.end('unavailable', 'what was missed is gone')
    return
  }
  try {
    if (!socket.over) await rule.connect?.(socketContext(socket))
    await socket.saveChange()
  } catch (thrown) {
    const error = toFanfareError(thrown)
    if (error.code === 'internal') node.services.log.error({ error: error.cause }, 'what runs on connect failed')
    socket.session.send(errorFrame(error))
    socket.session.end(error.code, error.message)
  }
}
