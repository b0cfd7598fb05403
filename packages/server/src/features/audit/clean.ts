/**
 * What of an entry is kept: bounded, on one line, and without what looks like a token or a key, whoever wrote it. Rooms and
 * ids come from clients, so that anything may stand in them. Pure.
 */
import { FanfareError } from '@fanfare/protocol'
import type { AuditActor, AuditEntry } from '../../model/audit.ts'
import type { OwnEntry } from './audit-api.ts'
import type { KeptEntry } from './chain.ts'

const most = { action: 64, id: 128, subject: 300, name: 64, text: 300, members: 16 } as const

/** Signed tokens, API keys, and texts that carry a password. */
const secrets = [
  /\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}/g,
  /\bff_[0-9a-f]{16}_[\w-]{16,}/g,
  /\b(?:bearer|basic)\s+[\w.~+/=-]{8,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g,
] as const

/** What would break a line, hide in a terminal, or be refused or changed by a database. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Anything that has to be looked at more closely; most texts have none of it. */
const doubtful = /[^ -~]|eyJ|ff_|bearer|basic|BEGIN/i

const cleanText = (text: string, longest: number): string => {
  if (text.length <= longest && !doubtful.test(text)) return text
  // Looked at a little beyond what is kept, so that a secret is not cut into something that is not recognised.
  let clean = text.slice(0, longest * 4)
  for (const secret of secrets) clean = clean.replace(secret, '[secret]')
  clean = clean.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const short = clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
  return short.toWellFormed()
}

const idOf = (actor: AuditActor): string | null => ('id' in actor ? cleanText(actor.id, most.id) : null)

/** Members in the order of their names, so that the same detail is the same text. */
const cleanDetail = (detail: NonNullable<AuditEntry['detail']>): string | null => {
  const members = Object.entries(detail)
    .slice(0, most.members)
    .map(([name, value]) => [cleanText(name, most.name), cleanValue(value)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return members.length === 0 ? null : JSON.stringify(Object.fromEntries(members))
}

const cleanValue = (value: string | number | boolean): string | number | boolean => {
  if (typeof value === 'string') return cleanText(value, most.text)
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

export const cleanEntry = (entry: AuditEntry, now: number): KeptEntry => ({
  at: Math.round(entry.at ?? now),
  action: cleanText(entry.action, most.action),
  actorKind: entry.actor.kind,
  actorId: idOf(entry.actor),
  subject: entry.subject === undefined ? null : cleanText(entry.subject, most.subject),
  detail: entry.detail === undefined ? null : cleanDetail(entry.detail),
})

const actionShape = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*){0,3}$/

/** Of an entry by the application's own code, which no compiler may have seen. @throws FanfareError `invalid_payload` */
export const checkEntry = (entry: OwnEntry): void => {
  const problem = problemOf(entry)
  if (problem !== undefined) throw new FanfareError('invalid_payload', `An entry of the audit: ${problem}`)
}

const problemOf = ({ action, actor, subject, detail, at }: OwnEntry): string | undefined => {
  if (typeof action !== 'string' || action.length > most.action || !actionShape.test(action)) {
    return 'action is small letters, digits and hyphens with dots between, such as report.printed.'
  }
  if (typeof actor !== 'object' || actor === null || typeof actor.kind !== 'string')
    return 'actor says who: { kind, id }.'
  if ('id' in actor && typeof actor.id !== 'string') return 'the id of the actor is a text.'
  if (subject !== undefined && typeof subject !== 'string') return 'subject is a text.'
  if (at !== undefined && !(Number.isFinite(at) && at >= 0)) return 'at is a time in ms since 1970.'
  if (detail === undefined) return undefined
  if (typeof detail !== 'object' || detail === null) return 'detail is an object.'
  const odd = Object.entries(detail).find(([, value]) => !['string', 'number', 'boolean'].includes(typeof value))
  return odd && `${odd[0]} in detail is neither a text nor a number nor yes or no.`
}
