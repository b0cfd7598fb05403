/** The error that work is refused with; fails when the work succeeds. Awaits, where a test runner's own `rejects` may block the server that answers. */
import { FanfareError } from '@fanfare/protocol'

export const refusal = async (work: Promise<unknown>): Promise<FanfareError> => {
  let result: unknown
  try {
    result = await work
  } catch (error) {
    if (error instanceof FanfareError) return error
    throw error
  }
  throw new Error(`It was not refused; it gave ${JSON.stringify(result)}.`)
}
