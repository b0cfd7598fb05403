/**
 * What an API key is for: `publish`, `read` or `admin`, none of which implies another; each alone, or for some rooms:
 * `publish:patient:*`. A `*` stands for one part of the name, and at the end for one part or more.
 */
import { FanfareError } from '@fanfare/protocol'
import type { ServerCaller } from '../model/caller.ts'

export type ScopeAction = 'publish' | 'read' | 'admin'

const scopePattern = /^(?:publish|read|admin)(?::[^\s\p{C}]{1,255})?$/u
const scopesPerKey = 32

/** @throws FanfareError `invalid_payload` */
export const checkScopes = (scopes: readonly string[]): readonly string[] => {
  if (scopes.length === 0 || scopes.length > scopesPerKey) {
    throw new FanfareError('invalid_payload', `An API key has 1 to ${scopesPerKey} scopes.`)
  }
  for (const scope of scopes) {
    const parts = scope.split(':').slice(1)
    if (scopePattern.test(scope) && parts.every((part) => part === '*' || (part !== '' && !part.includes('*'))))
      continue
    throw new FanfareError(
      'invalid_payload',
      'A scope is publish, read or admin, or one of them with rooms, such as publish:patient:*.',
    )
  }
  return [...new Set(scopes)]
}

/** Without a room: whether it holds for every room. */
export const hasScope = (caller: ServerCaller, action: ScopeAction, room?: string): boolean =>
  caller.scopes.some((scope) => {
    if (scope === action || scope === `${action}:*`) return true
    return room !== undefined && scope.startsWith(`${action}:`) && covers(scope.slice(action.length + 1), room)
  })

const covers = (pattern: string, room: string): boolean => {
  const wanted = pattern.split(':')
  const parts = room.split(':')
  const open = wanted.at(-1) === '*'
  if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false
  return wanted.every((part, index) => part === '*' || part === parts[index])
}
