/** How presence is written in Redis and on the channel of a room, and how a node reads it. No state, no I/O. */
import type { Json, Member, PresenceChange } from '@fanfare/protocol'
import type { Reply } from '../../redis/redis.ts'
import { versionField } from './presence-keys.ts'

/**
 * A place in the history of a room's members: `0` while nobody is in, else `<count>@<life>`. Within one life of the
 * partition a higher count is later; between two lives nothing can be said.
 */
export type Version = { readonly text: string; readonly life: string; readonly count: number }

/** A member as others see it: `<since ms> <state as canonical JSON>`. Equal texts are equal members. */
export type Shown = string

export type Change = {
  /** The version of the room before; what is to be told next follows the last that was told. */
  readonly from: string
  readonly to: Version
  /** How many are in the room now. */
  readonly members: number
  readonly change: PresenceChange
  readonly userId: string
  readonly shown: Shown
}

/** Who was in a room, and when: what counts up to this have done is in it. */
export type Snapshot = { readonly at: Version; readonly members: ReadonlyMap<string, Shown> }

const nobody = '0'
const versionPattern = /^(\d{1,16})@(\d*\..*)$/s

/** Undefined for what is no version. */
export const versionOf = (text: string): Version | undefined => {
  if (text === nobody) return { text, life: '', count: 0 }
  const [, count, life] = versionPattern.exec(text) ?? []
  return count === undefined || life === undefined ? undefined : { text, life, count: Number(count) }
}

const messagePattern = /^(\S+) (\S+) (\d+) (join|update|leave) (\d{1,15})\n([^\n]+)\n(.+)$/s

/** Undefined for what is no message of presence. */
export const changeOf = (message: string): Change | undefined => {
  const [, from, to, members, change, since, state, userId] = messagePattern.exec(message) ?? []
  if (from === undefined || to === undefined || userId === undefined) return undefined
  const version = versionOf(to)
  if (version === undefined || !isJson(state!)) return undefined
  return {
    from,
    to: members === '0' ? { ...version, text: nobody } : version,
    members: Number(members),
    change: change as PresenceChange,
    userId,
    shown: `${since} ${state}`,
  }
}

/** From the answer of `presence-read.lua`. */
export const snapshotOf = (reply: Reply): Snapshot => {
  const [life, count, fields] = reply as [string, string, string[]]
  const members = new Map<string, Shown>()
  let text = nobody
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index]!
    if (name === versionField) text = fields[index + 1]!
    else members.set(name.slice(1), fields[index + 1]!)
  }
  return { at: { text, life, count: Number(count) }, members }
}

export const memberOf = (userId: string, shown: Shown): Member => {
  const space = shown.indexOf(' ')
  const since = new Date(Number(shown.slice(0, space))).toISOString()
  return { userId, state: JSON.parse(shown.slice(space + 1)) as Json, since }
}

/** In the order in which they came. */
export const membersOf = (shown: ReadonlyMap<string, Shown>): readonly Member[] =>
  [...shown]
    .map(([userId, text]) => memberOf(userId, text))
    .sort((a, b) => compare(a.since, b.since) || compare(a.userId, b.userId))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
