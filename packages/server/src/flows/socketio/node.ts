/** What all Socket.IO connections of a node share. */
import type { Limits } from '@fanfare/protocol'
import type { SocketIoRule } from '../../app/socketio.ts'
import type { Dialect } from '../../wire/dialect.ts'
import type { AssemblyLimits } from '../../wire/socketio/assembly.ts'
import type { Services } from '../services.ts'
import type { IdleClients } from './idle.ts'
import type { Recovery } from './recovery.ts'

/** What is taken from any connection. */
export type ConnectionLimits = Pick<Limits, 'inboxMessages' | 'inboxBytes'> & AssemblyLimits

export type SocketIoNode = {
  readonly services: Services
  readonly limits: ConnectionLimits
  readonly rule: SocketIoRule
  /** One for each namespace, so that an event is encoded once for all its clients. */
  readonly dialects: ReadonlyMap<string, Dialect>
  /** Absent: no session comes back. */
  readonly recovery: Recovery | undefined
  /** Absent: nobody has to say anything. */
  readonly idle: IdleClients | undefined
}
