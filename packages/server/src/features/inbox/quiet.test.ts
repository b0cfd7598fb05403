import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isTimeZone, minutesOf, type Quiet, quietUntil } from './quiet.ts'

const nights = (timeZone: string): Quiet => ({ from: '22:00', to: '07:00', timeZone })
const at = (text: string): number => Date.parse(text)
const ends = (quiet: Quiet, now: string): string | undefined => {
  const end = quietUntil(quiet, at(now))
  return end === undefined ? undefined : new Date(end).toISOString()
}

test('it is quiet between the two times on the wall, over midnight too', () => {
  expect(ends(nights('UTC'), '2026-03-03T21:59:59.999Z')).toBeUndefined()
  expect(ends(nights('UTC'), '2026-03-03T22:00:00.000Z')).toBe('2026-03-04T07:00:00.000Z')
  expect(ends(nights('UTC'), '2026-03-04T06:59:59.999Z')).toBe('2026-03-04T07:00:00.000Z')
  expect(ends(nights('UTC'), '2026-03-04T07:00:00.000Z')).toBeUndefined()
  expect(ends({ from: '12:00', to: '13:30', timeZone: 'UTC' }, '2026-03-04T12:15:30.250Z')).toBe(
    '2026-03-04T13:30:00.000Z',
  )
})

test('the wall is that of the time zone', () => {
  expect(ends(nights('Asia/Kolkata'), '2026-03-03T17:00:00.000Z')).toBe('2026-03-04T01:30:00.000Z')
  expect(ends(nights('America/New_York'), '2026-01-15T12:30:00.000Z')).toBeUndefined()
  expect(ends(nights('America/New_York'), '2026-01-15T11:30:00.000Z')).toBe('2026-01-15T12:00:00.000Z')
})

test('the night in which the clock goes forward is an hour shorter', () => {
  expect(ends(nights('Europe/Berlin'), '2026-03-28T21:00:00.000Z')).toBe('2026-03-29T05:00:00.000Z')
})

test('the night in which the clock goes back is an hour longer', () => {
  expect(ends(nights('Europe/Berlin'), '2026-10-24T20:00:00.000Z')).toBe('2026-10-25T06:00:00.000Z')
})

test('an end that the clock jumps over is the jump', () => {
  const quiet = { from: '22:00', to: '02:30', timeZone: 'Europe/Berlin' }
  expect(ends(quiet, '2026-03-28T23:00:00.000Z')).toBe('2026-03-29T01:00:00.000Z')
})

test('an end that comes twice is the first, and the hour that comes again is quiet again', () => {
  const quiet = { from: '22:00', to: '02:30', timeZone: 'Europe/Berlin' }
  expect(ends(quiet, '2026-10-24T23:00:00.000Z')).toBe('2026-10-25T00:30:00.000Z')
  expect(ends(quiet, '2026-10-25T00:45:00.000Z')).toBeUndefined()
  expect(ends(quiet, '2026-10-25T01:10:00.000Z')).toBe('2026-10-25T01:30:00.000Z')
})

test('it ends at the first minute that is not quiet, whatever the zone and the day', () => {
  const zone = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'Europe/Dublin',
    'America/New_York',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Pacific/Chatham',
    'Asia/Kathmandu',
  )
  const minute = fc.integer({ min: 0, max: 1_439 })
  const clock = (value: number) => new Date(value * 60_000).toISOString().slice(11, 16)
  // Around the days on which clocks change in 2026, by the quarter of an hour.
  const moment = fc
    .tuple(
      fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-09-27', '2026-10-04', '2026-10-25', '2026-11-01'),
      fc.integer({ min: -96, max: 96 }),
    )
    .map(([day, quarters]) => Date.parse(`${day}T00:00:00Z`) + quarters * 900_000)
  fc.assert(
    fc.property(zone, minute, minute, moment, (timeZone, from, to, now) => {
      fc.pre(from !== to)
      const quiet = { from: clock(from), to: clock(to), timeZone }
      const show = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
      const isQuiet = (moment: number) => {
        const shown = minutesOf(show.format(moment))!
        return from < to ? shown >= from && shown < to : shown >= from || shown < to
      }
      let expected: number | undefined
      if (isQuiet(now)) {
        expected = now
        while (isQuiet(expected)) expected += 60_000
      }
      expect(quietUntil(quiet, now)).toBe(expected)
    }),
    { numRuns: 60 },
  )
})

test('a time zone is a name that exists, not an offset', () => {
  expect(isTimeZone('Europe/Berlin')).toBe(true)
  expect(isTimeZone('Etc/GMT+5')).toBe(true)
  expect(isTimeZone('Mars/Olympus')).toBe(false)
  expect(isTimeZone('+01:00')).toBe(false)
  expect(isTimeZone('a'.repeat(1_000_000))).toBe(false)
})
