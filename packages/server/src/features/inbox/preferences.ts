/** Where a notification goes, pure: what the user said, else what the application says, else everywhere. */
import { FanfareError, type NotificationPreferences } from '@fanfare/protocol'
import { isTimeZone, minutesOf } from './quiet.ts'

export type Way = NotificationPreferences['kinds'][string]

const everywhere: Way = Object.freeze({ inbox: true, push: true })
export const noPreferences: NotificationPreferences = Object.freeze({ kinds: Object.freeze({}) })

/** @param said what the user said, if ever anything */
export const wayOf = (
  kind: string,
  said: NotificationPreferences | undefined,
  defaults: NotificationPreferences,
): Way => {
  for (const { kinds } of said === undefined ? [defaults] : [said, defaults]) {
    if (Object.hasOwn(kinds, kind)) return kinds[kind]!
    if (Object.hasOwn(kinds, '*')) return kinds['*']!
  }
  return everywhere
}

const mostKinds = 100
const shortestDigestMs = 1_000
const longestDigestMs = 7 * 24 * 60 * 60 * 1_000

const refuse = (message: string): FanfareError => new FanfareError('invalid_payload', `preferences: ${message}`)

/** What a shape cannot say. @throws FanfareError `invalid_payload` */
export const checkPreferences = ({ kinds, quiet }: NotificationPreferences): void => {
  const ways = Object.entries(kinds)
  if (ways.length > mostKinds) throw refuse(`at most ${mostKinds} kinds have a preference of their own.`)
  for (const [, { digestMs }] of ways) {
    if (digestMs === undefined) continue
    if (!Number.isInteger(digestMs) || digestMs < shortestDigestMs || digestMs > longestDigestMs) {
      throw refuse(`digestMs is a whole number from ${shortestDigestMs} to ${longestDigestMs}.`)
    }
  }
  if (quiet === undefined) return
  const [from, to] = [minutesOf(quiet.from), minutesOf(quiet.to)]
  if (from === undefined || to === undefined) throw refuse('quiet.from and quiet.to are times of day, as 22:00.')
  if (from === to) throw refuse('quiet.from and quiet.to are the same; to push nothing, say so for the kind *.')
  if (!isTimeZone(quiet.timeZone)) throw refuse('quiet.timeZone is no name of a time zone, as Europe/Berlin.')
}
