/** Turns a value of the application's into JSON that is ours alone: a copy that nobody changes later, with nothing JSON cannot say. */
import { defaultLimits, FanfareError, type Json } from '@fanfare/protocol'

const unsafeKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Members that are `undefined` are left out, as JSON.stringify does; everything else that JSON would drop or change is an
 * error, because the publisher would never learn of it.
 *
 * @param subject what the value is, for the message
 * @throws FanfareError `invalid_payload`, with the path of what is wrong
 */
export const plainJson = (value: unknown, subject: string): Json => {
  const path: (string | number)[] = []
  const fail = (problem: string): never => {
    throw new FanfareError(
      'invalid_payload',
      `${subject}: ${path.length === 0 ? '' : `${path.join('.')}: `}${problem}.`,
    )
  }
  const copy = (inner: unknown): Json => {
    switch (typeof inner) {
      case 'string':
      case 'boolean':
        return inner
      case 'number':
        return Number.isFinite(inner) ? inner : fail(`${inner} is no JSON number`)
      case 'object':
        if (inner === null) return null
        if (path.length >= defaultLimits.jsonDepth) return fail(`deeper than ${defaultLimits.jsonDepth} levels`)
        return Array.isArray(inner) ? copyList(inner) : copyObject(inner)
      default:
        return fail(`${typeof inner} is not JSON`)
    }
  }
  const copyList = (list: readonly unknown[]): Json => {
    const made: Json[] = []
    for (let index = 0; index < list.length; index++) {
      path.push(index)
      made.push(copy(list[index]))
      path.pop()
    }
    return made
  }
  const copyObject = (source: object): Json => {
    const prototype: unknown = Object.getPrototypeOf(source)
    if (prototype !== Object.prototype && prototype !== null) {
      return fail(
        `a ${source.constructor?.name ?? 'class instance'} is not plain JSON; turn it into a string or a plain object`,
      )
    }
    const made: { [key: string]: Json } = {}
    for (const key of Object.keys(source)) {
      const inner = (source as { readonly [key: string]: unknown })[key]
      if (inner === undefined) continue
      path.push(key)
      if (unsafeKeys.has(key)) fail('this key is not allowed')
      made[key] = copy(inner)
      path.pop()
    }
    return made
  }
  return copy(value)
}
