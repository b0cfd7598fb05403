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
  const made = copy(value, 0)
  if (!(made instanceof NotPlain)) return made
  const place = made.path.length === 0 ? '' : `${made.path.join('.')}: `
  throw new FanfareError('invalid_payload', `${subject}: ${place}${made.problem}.`)
}

/** What is wrong, and where: each level that it goes up through adds itself, so that what is right needs no path. */
class NotPlain {
  readonly problem: string
  readonly path: (string | number)[] = []

  constructor(problem: string) {
    this.problem = problem
  }

  in(key: string | number): this {
    this.path.unshift(key)
    return this
  }
}

const copy = (value: unknown, depth: number): Json | NotPlain => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : new NotPlain(`${value} is no JSON number`)
    case 'object':
      if (value === null) return null
      if (depth >= defaultLimits.jsonDepth) return new NotPlain(`deeper than ${defaultLimits.jsonDepth} levels`)
      return Array.isArray(value) ? copyList(value, depth + 1) : copyObject(value, depth + 1)
    default:
      return new NotPlain(`${typeof value} is not JSON`)
  }
}

const copyList = (list: readonly unknown[], depth: number): Json | NotPlain => {
  const made: Json[] = []
  for (let index = 0; index < list.length; index++) {
    const inner = copy(list[index], depth)
    if (inner instanceof NotPlain) return inner.in(index)
    made.push(inner)
  }
  return made
}

const copyObject = (source: object, depth: number): Json | NotPlain => {
  const prototype: unknown = Object.getPrototypeOf(source)
  if (prototype !== Object.prototype && prototype !== null) {
    return new NotPlain(
      `a ${source.constructor?.name ?? 'class instance'} is not plain JSON; turn it into a string or a plain object`,
    )
  }
  const made: { [key: string]: Json } = {}
  for (const key of Object.keys(source)) {
    const value = (source as { readonly [key: string]: unknown })[key]
    if (value === undefined) continue
    if (unsafeKeys.has(key)) return new NotPlain('this key is not allowed').in(key)
    const inner = copy(value, depth)
    if (inner instanceof NotPlain) return inner.in(key)
    made[key] = inner
  }
  return made
}
