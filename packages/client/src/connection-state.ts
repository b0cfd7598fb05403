/** The connection as a state machine: every status, every signal, and the one function between them. Pure. */
import type { FanfareError } from '@fanfare/protocol'

export type Transport = 'websocket' | 'event-stream'

/** Who the server says this connection is. */
export type Session = { readonly id: string; readonly tenantId: string; readonly userId: string }

/**
 * - `idle`: not started; the first use starts it.
 * - `connecting`: opening a link; `tries` failed before.
 * - `connected`: in use. `tries` goes back to 0 once the link has held for a while.
 * - `reconnecting`: waiting until `retryAt` (ms since 1970).
 * - `suspended`: the device says that it is offline; tries again when it is online, and at `retryAt` in case it errs.
 * - `closed`: by `close()`, or with an `error` that trying again cannot cure; `connect()` then starts anew.
 */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting'; readonly tries: number }
  | {
      readonly status: 'connected'
      readonly tries: number
      readonly transport: Transport
      readonly session: Session
    }
  | Waiting<'reconnecting'>
  | Waiting<'suspended'>
  | { readonly status: 'closed'; readonly error?: FanfareError }

type Waiting<Status extends string> = {
  readonly status: Status
  readonly tries: number
  readonly retryAt: number
  readonly error: FanfareError
}

export type ConnectionSignal =
  | { readonly type: 'start' }
  | { readonly type: 'opened'; readonly transport: Transport; readonly session: Session }
  /** The link has held long enough to forget earlier failures. */
  | { readonly type: 'stable' }
  | { readonly type: 'lost'; readonly error: FanfareError; readonly retryAt: number; readonly online: boolean }
  | { readonly type: 'offline' }
  | { readonly type: 'retry' }
  | { readonly type: 'refused'; readonly error: FanfareError }
  | { readonly type: 'close' }

/** A signal that means nothing in a state returns that very state. */
export const transition = (state: ConnectionState, signal: ConnectionSignal): ConnectionState => {
  switch (signal.type) {
    case 'start':
      return state.status === 'idle' || (state.status === 'closed' && state.error)
        ? { status: 'connecting', tries: 0 }
        : state
    case 'opened': {
      if (state.status !== 'connecting' && state.status !== 'connected') return state
      const { transport, session } = signal
      // A refresh of the same session is nothing to tell.
      if (state.status === 'connected' && state.session.id === session.id) return state
      return { status: 'connected', tries: state.tries, transport, session }
    }
    case 'stable':
      return state.status === 'connected' && state.tries > 0 ? { ...state, tries: 0 } : state
    case 'lost': {
      if (state.status !== 'connecting' && state.status !== 'connected') return state
      const { error, retryAt, online } = signal
      return { status: online ? 'reconnecting' : 'suspended', tries: state.tries + 1, retryAt, error }
    }
    case 'offline':
      return state.status === 'reconnecting' ? { ...state, status: 'suspended' } : state
    case 'retry':
      return state.status === 'reconnecting' || state.status === 'suspended'
        ? { status: 'connecting', tries: state.tries }
        : state
    case 'refused':
      return state.status === 'closed' ? state : { status: 'closed', error: signal.error }
    case 'close':
      return state.status === 'closed' && !state.error ? state : { status: 'closed' }
  }
}
