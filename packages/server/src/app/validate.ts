/** Asks a Standard Schema (zod, valibot, arktype and others) about a value, and puts its complaint into our words. */
import { FanfareError } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** What to do with the value that came out. */
export type Checked<Result> = Result | Promise<Result>

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
): Checked<StandardSchemaV1.InferOutput<Schema>> => {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then((settled) => outputOf(settled, subject)) : outputOf(result, subject)
}

const outputOf = (result: StandardSchemaV1.Result<unknown>, subject: string): unknown => {
  if (!result.issues) return result.value
  const [first, ...others] = result.issues
  const path = (first?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  throw new FanfareError(
    'invalid_payload',
    `${subject}: ${path === '' ? '' : `${path}: `}${first?.message ?? 'not valid'}${more}`,
  )
}

/** Whether a description gives a schema here, and not something that only looks like one. */
export const isSchema = (value: unknown): value is StandardSchemaV1 => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as { readonly '~standard'?: { readonly validate?: unknown } })['~standard']
  return typeof standard?.validate === 'function'
}
