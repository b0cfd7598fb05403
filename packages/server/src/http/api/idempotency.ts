/** The idempotency key of a request, from its body or from the header of that name. */
import { FanfareError, type Limits } from '@fanfare/protocol'
import { z } from '@hono/zod-openapi'

export const idempotencyHeader = z.object({
  'idempotency-key': z.string().optional().openapi({
    description: 'The same as `key` in the body.',
    example: 'reading-8812',
  }),
})

export type GivenKeys = { readonly inBody: string | undefined; readonly inHeader: string | undefined }

/** @throws FanfareError `bad_frame` */
export const keyOf = ({ inBody, inHeader }: GivenKeys, limits: Limits): { readonly key?: string } => {
  if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader) {
    throw new FanfareError('bad_frame', 'The Idempotency-Key header and the key in the body differ. Send one.')
  }
  const key = inBody ?? inHeader
  if (key === undefined) return {}
  const most = limits.idempotencyKeyBytes
  // An ill-formed key would become another key on its way through UTF-8, and not every database keeps U+0000.
  if (key !== '' && key.isWellFormed() && !key.includes('\0') && Buffer.byteLength(key) <= most) return { key }
  throw new FanfareError('bad_frame', `key: must be a string of 1 to ${most} bytes, without U+0000.`)
}
