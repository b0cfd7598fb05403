/** Quiet hours, pure: whether a moment is in them, and when they end. By the clock on the user's wall, whatever it does at a change of the time. */
import type { NotificationPreferences } from '@fanfare/protocol'

export type Quiet = NonNullable<NotificationPreferences['quiet']>

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** `HH:MM` in minutes since midnight, or undefined. */
export const minutesOf = (text: string): number | undefined => {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) : undefined
}

/** Whether it is a name in the IANA database, and no offset. */
export const isTimeZone = (name: string): boolean => {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false
  try {
    return wallOf(name)(0) !== undefined
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** The clock on the wall at a moment, as the ms that UTC would show the same at. */
const wallOf = (timeZone: string): ((at: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const part = (type: string) => parts.get(type as Intl.DateTimeFormatPartTypes) ?? 0
    const seconds = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    return seconds + (((at % 1_000) + 1_000) % 1_000)
  }
}

/**
 * The first moment from `now` on at which it is not quiet, in ms since 1970; undefined when it is not quiet now. Where the
 * clock jumps over the end, the quiet ends with the jump; an hour that comes twice counts both times.
 */
export const quietUntil = (quiet: Quiet, now: number): number | undefined => {
  const [from, to] = [minutesOf(quiet.from), minutesOf(quiet.to)]
  if (from === undefined || to === undefined || from === to) return undefined
  const wall = wallOf(quiet.timeZone)
  const isQuiet = (at: number): boolean => {
    const minute = Math.floor((((wall(at) % dayMs) + dayMs) % dayMs) / minuteMs)
    return from < to ? minute >= from && minute < to : minute >= from || minute < to
  }
  if (!isQuiet(now)) return undefined
  const shownNow = wall(now)
  const midnight = Math.floor(shownNow / dayMs) * dayMs
  const today = midnight + to * minuteMs
  const shownAtEnd = today > shownNow ? today : today + dayMs
  const asIfNoJump = now + (shownAtEnd - shownNow)
  const jump = wall(asIfNoJump) - shownAtEnd
  if (jump === 0) return asIfNoJump
  // The clock goes forward or back in between: the end comes so much earlier or later, unless the clock jumps over it.
  const corrected = asIfNoJump - jump
  if (wall(corrected) === shownAtEnd) return corrected
  return firstAfter(now, asIfNoJump, (at) => !isQuiet(at))
}

/** The moment at which it becomes true, to the millisecond: false at `before`, true at `after`, and once only in between. */
const firstAfter = (before: number, after: number, isTrue: (at: number) => boolean): number => {
  let [low, high] = [before, after]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (isTrue(middle)) high = middle
    else low = middle
  }
  return high
}
