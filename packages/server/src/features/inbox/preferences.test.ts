import { expect, test } from 'bun:test'
import { FanfareError, type NotificationPreferences } from '@fanfare/protocol'
import { checkPreferences, noPreferences, wayOf } from './preferences.ts'

const way = (inbox: boolean, push: boolean) => ({ inbox, push })

test('where nobody said anything, everything goes everywhere', () => {
  expect(wayOf('mention', undefined, noPreferences)).toEqual(way(true, true))
})

test('what the user said of a kind counts before what they said of any, and that before the application', () => {
  const said: NotificationPreferences = { kinds: { mention: way(true, false), '*': way(false, true) } }
  const defaults: NotificationPreferences = { kinds: { like: way(false, false), '*': way(true, true) } }
  expect(wayOf('mention', said, defaults)).toEqual(way(true, false))
  expect(wayOf('like', said, defaults)).toEqual(way(false, true))
  expect(wayOf('like', { kinds: { mention: way(true, false) } }, defaults)).toEqual(way(false, false))
  expect(wayOf('other', undefined, defaults)).toEqual(way(true, true))
})

test('a kind named like a member of every object is a kind like any other', () => {
  expect(wayOf('constructor', { kinds: {} }, noPreferences)).toEqual(way(true, true))
  expect(wayOf('toString', { kinds: { toString: way(false, false) } as never }, noPreferences)).toEqual(
    way(false, false),
  )
})

test('preferences that make no sense are refused, and say why', () => {
  const quiet = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' }
  const wrong: readonly NotificationPreferences[] = [
    { kinds: {}, quiet: { ...quiet, from: '25:00' } },
    { kinds: {}, quiet: { ...quiet, to: '22:00' } },
    { kinds: {}, quiet: { ...quiet, timeZone: 'Berlin' } },
    { kinds: { mention: { inbox: true, push: true, digestMs: 1 } } },
    { kinds: { mention: { inbox: true, push: true, digestMs: Number.NaN } } },
    { kinds: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`kind-${index}`, way(true, true)])) },
  ]
  for (const preferences of wrong) expect(() => checkPreferences(preferences)).toThrow(FanfareError)
  expect(() => checkPreferences({ kinds: { mention: { ...way(true, true), digestMs: 60_000 } }, quiet })).not.toThrow()
})
