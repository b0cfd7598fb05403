/**
 * What a grant says, and what many of them say together. Pure; owns no state.
 *
 * A grant is `action:resource` or `action:resource:id`; each part may be `*`, and a grant without an id is for every id.
 * The newest stored rule that covers a question answers it; where none does, the token's grants do. So a revocation wins
 * over a token and over earlier grants, however broad, until something that covers it is granted again.
 */
import { FanfareError } from '@fanfare/protocol'
import type { GrantRule } from '../store/trust-store.ts'

export type Grant = { readonly action: string; readonly resource: string; readonly id: string }

const part = /^(?:\*|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/
/** An id may be a room name or a key of the application's own, colons included. */
const idPart = /^(?:\*|[^\s\p{C}*]{1,200})$/u

/** Undefined when it is none. */
export const parseGrant = (text: string): Grant | undefined => {
  const [action = '', resource = '', ...rest] = text.split(':')
  const id = rest.length === 0 ? '*' : rest.join(':')
  return part.test(action) && part.test(resource) && idPart.test(id) ? { action, resource, id } : undefined
}

/** @throws FanfareError `invalid_payload` */
export const checkGrant = (text: string): Grant => {
  const grant = parseGrant(text)
  if (grant) return grant
  throw new FanfareError(
    'invalid_payload',
    'A grant is action:resource or action:resource:id, such as read:patient:42; each part may be * alone.',
  )
}

const coversPart = (pattern: string, value: string): boolean => pattern === '*' || pattern === value

/** Whether everything that `inner` is about, `outer` is about too. */
export const coversGrant = (outer: Grant, inner: Grant): boolean =>
  coversPart(outer.action, inner.action) && coversPart(outer.resource, inner.resource) && coversPart(outer.id, inner.id)

export type ParsedRule = { readonly grant: Grant; readonly allow: boolean }

/** Stored rules as they are asked: newest first. One that this version cannot read forbids nothing and allows nothing. */
export const parseRules = (rules: readonly GrantRule[]): readonly ParsedRule[] =>
  rules.toReversed().flatMap(({ pattern, allow }) => {
    const grant = parseGrant(pattern)
    return grant ? [{ grant, allow }] : []
  })

/** What is asked, as a grant: without an id it is about the resource as a whole, which only a grant for every id covers. */
export const mayDo = (asked: Grant, rules: readonly ParsedRule[], fromToken: readonly Grant[]): boolean => {
  for (const { grant, allow } of rules) if (coversGrant(grant, asked)) return allow
  return fromToken.some((grant) => coversGrant(grant, asked))
}

/** The rules (oldest first) after `patterns` were granted or revoked: what they cover is overruled and goes. */
export const addRules = (
  rules: readonly GrantRule[],
  patterns: readonly string[],
  effect: 'grant' | 'revoke',
): readonly GrantRule[] => {
  let left = rules
  for (const pattern of patterns) {
    const added = checkGrant(pattern)
    left = left.filter((rule) => {
      const grant = parseGrant(rule.pattern)
      return grant !== undefined && !coversGrant(added, grant)
    })
    left = [...left, { pattern, allow: effect === 'grant' }]
  }
  return left
}
