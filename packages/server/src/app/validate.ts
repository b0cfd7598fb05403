/** Asks a Standard Schema (zod, valibot, arktype and others) about a value, and puts its complaint into our words. */
import { FanfareError } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Soon } from '../lib/soon.ts'

/**
 * Answers at once when the schema does, so that the common case costs no turn of the event loop.
 *
 * @param subject what the value is, for the message
 * @throws FanfareError `invalid_payload`, with the path of the first thing that is wrong
 */
export const validate = <Schema extends StandardSchemaV1>(
  schema: Schema,
  value: unknown,
  subject: string,
): Soon<StandardSchemaV1.InferOutput<Schema>> => {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise
    ? result.then((settled) => outputOf(settled, { value, subject }))
    : outputOf(result, { value, subject })
}

type Asked = { readonly value: unknown; readonly subject: string }

const outputOf = (result: StandardSchemaV1.Result<unknown>, { value, subject }: Asked): unknown => {
  if (!result.issues) return result.value
  const [first, ...others] = result.issues
  const keys = (first?.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
  const path = keys.map(String).join('.')
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  throw new FanfareError(
    'invalid_payload',
    `${subject}: ${path === '' ? '' : `${path}: `}${withoutText(first?.message ?? 'not valid', valueAt(value, keys))}${more}`,
  )
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : inner),
    value,
  )

/** Some schemas repeat what they were given. Complaints are kept in more places than what they are about. */
const withoutText = (message: string, given: unknown): string =>
  typeof given === 'string' && given !== '' ? message.replaceAll(given, '…') : message

/** Whether a description gives a schema here, and not something that only looks like one. */
export const isSchema = (value: unknown): value is StandardSchemaV1 => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as { readonly '~standard'?: { readonly validate?: unknown } })['~standard']
  return typeof standard?.validate === 'function'
}
