import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { type ConnectionSignal, type ConnectionState, transition } from './connection-state.ts'

const error = new FanfareError('unavailable')
const session = { id: 's1', tenantId: 'acme', userId: 'ann' }

const states = {
  idle: { status: 'idle' },
  connecting: { status: 'connecting', tries: 2 },
  connected: { status: 'connected', tries: 2, transport: 'websocket', session },
  reconnecting: { status: 'reconnecting', tries: 3, retryAt: 9, error },
  suspended: { status: 'suspended', tries: 3, retryAt: 9, error },
  failed: { status: 'closed', error },
  closed: { status: 'closed' },
} satisfies Record<string, ConnectionState>

const signals = {
  start: { type: 'start' },
  opened: { type: 'opened', transport: 'websocket', session },
  renewed: { type: 'opened', transport: 'websocket', session: { ...session, id: 's2' } },
  stable: { type: 'stable' },
  lostOnline: { type: 'lost', error, retryAt: 9, online: true },
  lostOffline: { type: 'lost', error, retryAt: 9, online: false },
  offline: { type: 'offline' },
  retry: { type: 'retry' },
  refused: { type: 'refused', error },
  close: { type: 'close' },
} satisfies Record<string, ConnectionSignal>

type StateName = keyof typeof states
type SignalName = keyof typeof signals

/** What changes; every pair that is not here must leave the very same object. */
const table: { readonly [State in StateName]: { readonly [Signal in SignalName]?: ConnectionState } } = {
  idle: { start: { status: 'connecting', tries: 0 }, refused: states.failed, close: states.closed },
  connecting: {
    opened: states.connected,
    renewed: { ...states.connected, session: { ...session, id: 's2' } },
    lostOnline: states.reconnecting,
    lostOffline: states.suspended,
    refused: states.failed,
    close: states.closed,
  },
  connected: {
    renewed: { ...states.connected, session: { ...session, id: 's2' } },
    stable: { ...states.connected, tries: 0 },
    lostOnline: states.reconnecting,
    lostOffline: states.suspended,
    refused: states.failed,
    close: states.closed,
  },
  reconnecting: {
    offline: states.suspended,
    retry: { status: 'connecting', tries: 3 },
    refused: states.failed,
    close: states.closed,
  },
  suspended: { retry: { status: 'connecting', tries: 3 }, refused: states.failed, close: states.closed },
  failed: { start: { status: 'connecting', tries: 0 }, close: states.closed },
  closed: {},
}

for (const [stateName, state] of Object.entries(states) as [StateName, ConnectionState][]) {
  for (const [signalName, signal] of Object.entries(signals) as [SignalName, ConnectionSignal][]) {
    const expected = table[stateName][signalName]
    test(`${stateName} + ${signalName} → ${expected ? JSON.stringify(expected) : 'no change'}`, () => {
      const after = transition(state, signal)
      if (expected) expect(after).toEqual(expected)
      else expect(after).toBe(state)
    })
  }
}
