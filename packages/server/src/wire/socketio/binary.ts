/** Binary values inside JSON: taken out as attachments with a placeholder in their place, and put back. Bounded in depth; copies only what changes. */
import { FanfareError } from '@fanfare/protocol'

type Placeholder = { readonly _placeholder: true; readonly num: number }

/** The application's own values are this deep at most; a circle is deeper. */
const maxDepth = 64

const bytesOf = (value: object): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

/** @throws Error when it is too deep */
export const detachBinary = (
  value: unknown,
): { readonly value: unknown; readonly attachments: readonly Uint8Array[] } => {
  const attachments: Uint8Array[] = []
  const detach = (inner: unknown, depth: number): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner
    if (depth > maxDepth) throw new Error(`A message is at most ${maxDepth} levels deep.`)
    const bytes = bytesOf(inner)
    if (bytes) return { _placeholder: true, num: attachments.push(bytes) - 1 } satisfies Placeholder
    if (Array.isArray(inner))
      return mapped(
        inner,
        inner.map((item) => detach(item, depth + 1)),
      )
    if (typeof (inner as { toJSON?: unknown }).toJSON === 'function') return inner
    const entries = Object.entries(inner).map(([key, item]) => [key, detach(item, depth + 1)] as const)
    return entries.every(([key, item]) => item === (inner as { [key: string]: unknown })[key])
      ? inner
      : Object.fromEntries(entries)
  }
  return { value: detach(value, 0), attachments }
}

const mapped = (before: readonly unknown[], after: readonly unknown[]): readonly unknown[] =>
  after.every((item, index) => item === before[index]) ? before : after

/** Changes the value, which was parsed for this and is nobody else's. @throws FanfareError `bad_frame` for a placeholder of no attachment */
export const attachBinary = (value: unknown, attachments: readonly Uint8Array[]): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if ((value as Partial<Placeholder>)._placeholder === true) {
    const { num } = value as { readonly num?: unknown }
    const bytes = typeof num === 'number' && Number.isInteger(num) ? attachments[num] : undefined
    if (bytes) return bytes
    throw new FanfareError('bad_frame', 'A placeholder names no attachment of the packet.')
  }
  const holder = value as { [key: string]: unknown }
  for (const key of Object.keys(holder)) holder[key] = attachBinary(holder[key], attachments)
  return value
}
