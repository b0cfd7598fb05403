/** A verified token's claims → an identity. Checks what the claims say and how much of it there is; verifies no signature. */
import { FanfareError } from '@fanfare/protocol'
import type { Identity } from '../model/identity.ts'
import { checkTenant } from '../model/room-key.ts'
import { parseGrant } from './grant.ts'

export type ClaimNames = {
  /** Tried in order; where a token has several they must agree. */
  readonly tenant: readonly string[]
}

const rolesPerToken = 64
const grantsPerToken = 256
const entryBytes = 256
const userIdBytes = 128
const claimDepth = 16
const registered = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'roles', 'grants']
const unsafe = ['__proto__', 'constructor', 'prototype']

const refuse = (message: string): FanfareError => new FanfareError('unauthenticated', message)

/** Numbers become text: some applications number their users. Undefined when it cannot be a user's id. */
export const userIdOf = (value: unknown): string | undefined => {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '' || Buffer.byteLength(text) > userIdBytes) return undefined
  return /\p{Cc}|\p{Cs}/u.test(text) ? undefined : text
}

/** @param expiresAt ms since 1970. @throws FanfareError `unauthenticated`, naming the claim that is wrong and never its value */
export const identityOfClaims = (
  payload: { readonly [claim: string]: unknown },
  names: ClaimNames,
  expiresAt: number,
): Identity => {
  const userId = userIdOf(payload.sub)
  if (userId === undefined) {
    throw refuse(`The claim sub must be the user's id: a text of at most ${userIdBytes} bytes, or a whole number.`)
  }
  return Object.freeze({
    tenantId: tenantOf(payload, names),
    userId,
    roles: listOf(payload.roles, { claim: 'roles', most: rolesPerToken }),
    grants: grantsOf(payload.grants),
    claims: others(payload, names),
    expiresAt,
  })
}

const tenantOf = (payload: { readonly [claim: string]: unknown }, names: ClaimNames): string => {
  const values = names.tenant.filter((name) => Object.hasOwn(payload, name)).map((name) => payload[name])
  const [value] = values
  if (value === undefined) throw refuse(`The token names no tenant. Put one into the claim ${names.tenant[0]}.`)
  if (values.some((other) => other !== value)) throw refuse(`The claims ${names.tenant.join(' and ')} differ.`)
  const tenantId = Number.isSafeInteger(value) ? String(value) : value
  if (typeof tenantId !== 'string') throw refuse(`The claim ${names.tenant[0]} must be a text.`)
  try {
    return checkTenant(tenantId)
  } catch (error) {
    if (error instanceof FanfareError) throw refuse(`The token's tenant cannot be used. ${error.message}`)
    throw error
  }
}

type ListShape = { readonly claim: string; readonly most: number }

const listOf = (value: unknown, { claim, most }: ListShape): readonly string[] => {
  if (value === undefined || value === null) return noEntries
  const list = Array.isArray(value) && value.length <= most ? value : undefined
  if (list?.every((entry) => typeof entry === 'string' && entry !== '' && Buffer.byteLength(entry) <= entryBytes)) {
    return Object.freeze([...list])
  }
  throw refuse(`The claim ${claim} must be a list of at most ${most} texts of at most ${entryBytes} bytes.`)
}
const noEntries: readonly string[] = Object.freeze([])

const grantsOf = (value: unknown): readonly string[] => {
  const grants = listOf(value, { claim: 'grants', most: grantsPerToken })
  const wrong = grants.findIndex((grant) => parseGrant(grant) === undefined)
  if (wrong < 0) return grants
  throw refuse(`Entry ${wrong + 1} of the claim grants is not action:resource or action:resource:id.`)
}

const others = (payload: { readonly [claim: string]: unknown }, names: ClaimNames): Identity['claims'] => {
  const taken = [...registered, ...names.tenant, ...unsafe]
  const rest = Object.entries(payload).filter(([name]) => !taken.includes(name))
  if (rest.length === 0) return noClaims
  // A token of the allowed size can nest deeper than a runtime can write out again.
  if (rest.some(([, value]) => deeperThan(value, claimDepth))) {
    throw refuse(`A claim is nested deeper than ${claimDepth}.`)
  }
  return Object.freeze(Object.fromEntries(rest))
}
const noClaims: Identity['claims'] = Object.freeze({})

const deeperThan = (value: unknown, depth: number): boolean => {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => deeperThan(inner, depth - 1))
}
