/** The options of the inbox, read once: every default is here, and every mistake is told when the application is defined. */
import type { NotificationPreferences } from '@fanfare/protocol'
import { type Duration, parseDuration } from '../../app/duration.ts'
import type { InboxOptions } from './inbox-api.ts'
import { checkPreferences, noPreferences } from './preferences.ts'

export type InboxSettings = {
  readonly preferences: NotificationPreferences
  readonly keepMs: number
  readonly reach: number
  readonly perUser: number
}

export const inboxDefaults = { keep: '90d', reach: 10_000, perUser: 10_000 } as const

/** What does not depend on an installation: sizes in characters, times in ms. */
export const inboxLimits = {
  kind: 64,
  title: 500,
  message: 4_000,
  /** As JSON. */
  data: 16_384,
  key: 128,
  topic: 128,
  /** As those of a token. */
  role: 256,
  userId: 128,
  roles: 64,
  /** Topics that one user follows. */
  topics: 1_000,
  /** Of one call of `notify`, and of one request. */
  notifications: 1_000,
  /** Named in one mark. */
  ids: 1_000,
  page: 100,
  pageDefault: 30,
  /** Users who are notified in the change itself; more are notified by a task, in steps of `step`. */
  atOnce: 500,
  step: 250,
  /** Browsers of one user; the oldest make room. */
  pushes: 10,
  endpoint: 2_048,
  /** So long nobody is disturbed who is about to look, such as while a page loads again. */
  pushAfterMs: 5_000,
  /** What one node took to do is another's after so long. */
  leaseMs: 60_000,
  pushTimeoutMs: 5_000,
  /** A push that did not succeed by then is of no interest. */
  pushForMs: 24 * 60 * 60_000,
} as const

/** @throws Error that says which option is wrong */
export const readSettings = (options: InboxOptions): InboxSettings => {
  const { keep, reach, perUser } = { ...inboxDefaults, ...options }
  const preferences = options.preferences ?? noPreferences
  checkPreferences(preferences)
  if (options.topic !== undefined && typeof options.topic !== 'function') {
    throw new Error('`topic` is a rule: ({ user, topic }) => whether the user may follow it.')
  }
  return Object.freeze({
    preferences,
    keepMs: durationOf(keep),
    reach: countOf(reach, 'reach'),
    perUser: countOf(perUser, 'perUser'),
  })
}

const durationOf = (text: Duration): number => {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new Error(`\`keep\` is "${text}"; write a whole number and ms, s, m, h or d, such as '90d'.`)
}

const countOf = (value: number, name: string): number => {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Error(`\`${name}\` is a whole number from 1.`)
}
