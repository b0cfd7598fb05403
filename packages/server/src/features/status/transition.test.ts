import { expect, test } from 'bun:test'
import {
  asHeld,
  endOf,
  ownStatusOf,
  type StatusChange,
  type StatusRow,
  statusOf,
  transition,
  unknownUser,
} from './transition.ts'

const start = Date.UTC(2026, 0, 1)
const at = (seconds: number) => start + seconds * 1_000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()

const came = (seconds: number): StatusChange => ({ kind: 'came', at: at(seconds) })
const went = (seconds: number, since = 0): StatusChange => ({ kind: 'went', at: at(seconds), since: at(since) })
const left = (seconds: number, connectedAt: number): StatusChange => ({
  kind: 'left',
  at: at(seconds),
  connectedAt: at(connectedAt),
})
const chose = (seconds: number, status: object): StatusChange => ({ kind: 'chose', at: at(seconds), status })

const after = (...changes: readonly StatusChange[]): StatusRow => changes.reduce(transition, unknownUser('ann'))

test('nobody knows of a user who never was here', () => {
  expect(statusOf(after(), at(0))).toEqual({ userId: 'ann', state: 'offline', text: '', version: 0 })
})

test('whoever comes is online, and whoever went was last seen about when the last session ended', () => {
  expect(statusOf(after(came(0)), at(7))).toMatchObject({ state: 'online', lastSeen: iso(7) })
  expect(statusOf(after(came(0), went(100)), at(500))).toMatchObject({ state: 'offline', lastSeen: iso(80) })
})

test('U2 an end that is told late leaves a user alone who is back', () => {
  expect(statusOf(after(came(0), came(95), went(100)), at(100)).state).toBe('online')
  expect(statusOf(after(came(0), came(95), went(120, 95)), at(120)).state).toBe('offline')
})

test('U2 an end that may be told for the second time decides nothing of a session that may be of a later time', () => {
  const back = after(came(0), came(50))
  expect(endOf(back, { at: at(80), since: at(0) })).toBe('doubtful')
  expect(transition(back, went(80))).toEqual(back)
  expect(transition(back, left(80, 0))).toEqual(back)
  expect(statusOf(transition(back, left(80, 50)), at(80)).state).toBe('offline')
  // As soon after the beginning as no later time can be, or as long ago.
  expect(endOf(after(came(50), came(55)), { at: at(80), since: at(50) })).toBe('certain')
  expect(endOf(back, { at: at(126), since: at(0) })).toBe('certain')
})

test.each(['away', 'in_call'])('%s stays until the user goes offline', (state) => {
  const chosen = after(came(0), chose(1, { state }), came(2))
  expect(statusOf(chosen, at(2)).state).toBe(state as 'away')
  expect(statusOf([went(50), came(60)].reduce(transition, chosen), at(60)).state).toBe('online')
})

test('busy and the text stay until they are changed', () => {
  const back = after(came(0), chose(1, { state: 'busy', text: 'rounds' }), went(50), came(60))
  expect(statusOf(back, at(60))).toMatchObject({ state: 'busy', text: 'rounds' })
  expect(statusOf(transition(back, chose(61, { text: '' })), at(61))).toMatchObject({ state: 'busy', text: '' })
})

test('U1 the version moves exactly when what others see does', () => {
  const said: [StatusChange, moves: boolean][] = [
    [chose(0, { state: 'busy' }), false],
    [came(1), true],
    [came(2), false],
    [chose(3, { state: 'busy' }), false],
    [chose(3, { state: 'online' }), true],
    [chose(3, { text: 'back soon' }), true],
    [chose(3, { text: 'back soon', state: 'online' }), false],
    [chose(4, { state: 'offline' }), true],
    [came(5), false],
    [went(50), false],
    [went(51), false],
    [came(60), false],
    [chose(60, { state: 'online' }), true],
  ]
  let row = unknownUser('ann')
  for (const [change, moves] of said) {
    const next = transition(row, change)
    expect([change, next.version > row.version]).toEqual([change, moves])
    row = next
  }
})

test('U3 an invisible user is offline to others since the moment they hid, and knows better', () => {
  const hidden = after(came(0), chose(5, { state: 'offline' }))
  const expected = { state: 'offline', lastSeen: iso(5), version: hidden.version } as const
  for (const later of [
    hidden,
    ...[came(20), went(50), came(60)].map((_, n, all) => all.slice(0, n + 1).reduce(transition, hidden)),
  ]) {
    expect(statusOf(later, at(90))).toMatchObject(expected)
  }
  expect(ownStatusOf(hidden, at(9))).toMatchObject({ state: 'online', invisible: true, lastSeen: iso(9) })
  expect(ownStatusOf(transition(hidden, went(50)), at(60))).toEqual(statusOf(hidden, at(60)))
})

test('versions rise although the clock goes back', () => {
  const first = after(came(100))
  const second = transition(first, chose(50, { state: 'away' }))
  expect(second.version).toBeGreaterThan(first.version)
})

test('U4 of a user who is not told, versions rise with each time, and go on rising when telling begins', () => {
  const ended = after(went(100, 10))
  expect(statusOf(ended, at(100))).toMatchObject({ state: 'offline', lastSeen: iso(80) })
  const versions = [
    asHeld(after(), at(10)),
    ended,
    asHeld(ended, at(105)),
    after(went(100, 10), { kind: 'told', at: at(110) }, came(105), went(150, 105)),
  ].map(({ version }) => version)
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  expect(transition(transition(ended, { kind: 'told', at: at(110) }), came(105)).version).toBe(
    asHeld(ended, at(105)).version,
  )
  expect(asHeld(after(came(0)), at(50))).toEqual(after(came(0)))
})
