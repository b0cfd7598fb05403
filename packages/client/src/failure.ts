/** An error as the server told it. Its own word on retrying wins: it may know codes that this version does not. */
import { type ErrorFrame, FanfareError, type Retry } from '@fanfare/protocol'

export type Failure = { readonly error: FanfareError; readonly retry: Retry }

export const failureOf = (frame: Pick<ErrorFrame, 'code' | 'message' | 'retry' | 'retryAfterMs'>): Failure => {
  const { code, message, retryAfterMs } = frame
  const error = new FanfareError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
  return { error, retry: frame.retry ?? error.retry }
}
