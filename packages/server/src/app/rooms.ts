/** Reads the `rooms` of a description: patterns, events, log policies and rules, every default filled in. Runs once, at definition. */
import { defaultLimits } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { LogPolicy } from '../model/room.ts'
import { checkRoomName } from '../model/room-key.ts'
import type { AccessRule, PresenceRule, RoomRule, SlowPolicy } from './app.ts'
import type {
  AppDescription,
  EventSchemas,
  LogDescription,
  PresenceDescription,
  RoomDescription,
} from './description.ts'
import { parseDuration } from './duration.ts'
import { ambiguous, covers, fillPattern, type Pattern, parsePattern } from './pattern.ts'
import { checkVerbName, type Problems } from './problems.ts'
import { isSchema } from './validate.ts'

export type RoomEntry = { readonly pattern: Pattern; readonly rule: RoomRule; readonly log: LogPolicy }

const defaultLog = { keep: 100, for: '5m', durable: false, acks: 'broker' } as const
const noLog: LogPolicy = Object.freeze({ keep: 0, forMs: 0, durable: false })

/** An event stream tells its own frames and an application's events apart by these names; `open` and `error` are the browser's. */
const reservedEvents: ReadonlySet<string> = new Set([
  'connected',
  'subscription',
  'gap',
  'presence',
  'problem',
  'reconnect',
  'error',
  'open',
])

export const readRooms = (rooms: NonNullable<AppDescription['rooms']>, problems: Problems): readonly RoomEntry[] => {
  const entries: RoomEntry[] = []
  for (const [text, description] of Object.entries(rooms)) {
    const place = `rooms['${text}']`
    const pattern = problems.at(place, () => readRoomPattern(text))
    const rule = problems.at(place, () => readRule(text, description, problems))
    const log = problems.at(`${place}.log`, () => readLog(description.log))
    if (!pattern || !rule || !log) continue
    for (const other of entries) {
      if (ambiguous(pattern, other.pattern)) {
        problems.add(
          place,
          `a name can fall under this and under '${other.pattern.text}', and neither is more specific; rename a part of one.`,
        )
      }
    }
    entries.push({ pattern, rule, log })
  }
  return entries
}

/** With those of features. A feature's room is never taken from it, and an application that has one like it is told what to do. */
export const readRoomsOfFeatures = (
  own: readonly RoomEntry[],
  features: readonly { readonly name: string; readonly rooms: NonNullable<AppDescription['rooms']> | undefined }[],
  problems: Problems,
): readonly RoomEntry[] => {
  const all = [...own]
  for (const { name, rooms = {} } of features) {
    for (const entry of readRooms(rooms, problems)) {
      const twin = all.find(({ pattern }) => ambiguous(entry.pattern, pattern) || covers(entry.pattern, pattern))
      if (twin) {
        problems.add(
          `rooms['${twin.pattern.text}']`,
          `the feature ${name} has '${entry.pattern.text}', and a name can fall under both. Rename yours, or switch the feature off: features: { ${name}: false }.`,
        )
      }
      all.push(entry)
    }
  }
  return all
}

const readRoomPattern = (text: string): Pattern => {
  const pattern = parsePattern(text, ':')
  checkRoomName(fillPattern(pattern, Object.fromEntries(pattern.parameters.map((name) => [name, 'x']))))
  return pattern
}

const readRule = (text: string, description: RoomDescription, problems: Problems): RoomRule => {
  const place = `rooms['${text}']`
  return Object.freeze({
    pattern: text,
    events: readEvents(description.events, place, problems),
    access: problems.at(`${place}.access`, () => readAccess(description.access)) ?? nobody,
    publish: problems.at(`${place}.publish`, () => readPublish(description.publish)) ?? nobody,
    presence: problems.at(`${place}.presence`, () => readPresence(description.presence)),
    slow: problems.at(`${place}.slow`, () => readSlow(description.slow)) ?? 'resume',
  })
}

const readEvents = (events: EventSchemas, place: string, problems: Problems): ReadonlyMap<string, StandardSchemaV1> => {
  const read = new Map<string, StandardSchemaV1>()
  if (typeof events !== 'object' || events === null)
    throw new Error('`events` is missing; give event types and schemas.')
  for (const [type, schema] of Object.entries(events)) {
    problems.at(`${place}.events['${type}']`, () => {
      checkVerbName(type)
      if (reservedEvents.has(type)) throw new Error('event streams use this name themselves; choose another.')
      if (!isSchema(schema)) throw new Error('give a Standard Schema, such as one of zod, valibot or arktype.')
      read.set(type, schema)
    })
  }
  return read
}

/** The rule of `'tenant'`: known, so that it need not be asked. */
export const everybody: AccessRule = () => true
const nobody: AccessRule = () => false

const readAccess = (access: RoomDescription['access']): AccessRule => {
  if (access === 'tenant') return everybody
  if (typeof access === 'function') return access as AccessRule
  throw new Error(`say who may read: a rule such as ({ user, params }) => …, or 'tenant' for every user of the tenant.`)
}

const readPublish = (publish: RoomDescription['publish'] = 'server'): AccessRule => {
  if (publish === 'server') return nobody
  if (publish === 'tenant') return everybody
  if (typeof publish === 'function') return publish as AccessRule
  throw new Error(`give 'server', 'tenant' or a rule.`)
}

const readLog = (log: LogDescription | 'none' = defaultLog): LogPolicy => {
  if (log === 'none') return noLog
  const { keep, for: duration, durable, acks, archive } = { ...defaultLog, ...log }
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new Error(`\`keep\` is how many events, a whole number from 1; for none write log: 'none'.`)
  }
  if (acks !== 'broker' && acks !== 'replicas') throw new Error(`\`acks\` is "${acks}"; give 'broker' or 'replicas'.`)
  const policy = { keep, forMs: readDuration(duration, 'for'), durable: durable === true }
  return Object.freeze({
    ...policy,
    ...(acks === 'replicas' ? { acks } : {}),
    ...(archive === undefined ? {} : { archive: readArchive(archive) }),
  })
}

/** What is younger is for `keep` and `for`: a purge comes by once a minute. */
const shortestArchiveMs = 60_000

const readArchive = (archive: NonNullable<LogDescription['archive']>): { readonly forMs: number } => {
  if (archive === 'forever') return Object.freeze({ forMs: Number.POSITIVE_INFINITY })
  const forMs = parseDuration(archive)
  if (forMs === undefined || forMs < shortestArchiveMs) {
    throw new Error(`\`archive\` is "${archive}"; write 'forever' or a duration from '1m', such as '30d'.`)
  }
  return Object.freeze({ forMs })
}

const readPresence = (presence: true | PresenceDescription | undefined): PresenceRule | undefined => {
  if (presence === undefined) return undefined
  const { grace, state }: PresenceDescription = presence === true ? {} : presence
  if (state !== undefined && !isSchema(state)) throw new Error('`state` must be a Standard Schema.')
  const graceMs = grace === undefined ? defaultLimits.presenceGraceMs : readDuration(grace, 'grace')
  return Object.freeze({ graceMs, state })
}

const readSlow = (slow: RoomDescription['slow'] = 'resume'): SlowPolicy => {
  if (slow === 'resume') return slow
  // The events that reach it come from this room, so they are of the types that the author's function was written for.
  if (typeof slow.conflate === 'function') return Object.freeze({ conflate: slow.conflate as never })
  throw new Error(`give 'resume' or { conflate: (event) => key }.`)
}

const readDuration = (text: string, member: string): number => {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new Error(`\`${member}\` is "${text}"; write a whole number and ms, s, m, h or d, such as '15s' or '24h'.`)
}
