/** An error as the client reads it: the code and what to do, never a cause or a payload. */
import type { ErrorFrame, FanfareError, FrameId } from '@fanfare/protocol'

export const errorFrame = (
  error: FanfareError,
  about: { readonly id?: FrameId; readonly room?: string } = {},
): ErrorFrame => ({
  type: 'error',
  ...about,
  code: error.code,
  message: error.message,
  retry: error.retry,
  ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
})
