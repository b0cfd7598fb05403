/** The courier of a cluster of one: only the node itself is there to be told. */
import { FanfareError } from '@fanfare/protocol'
import type { Courier } from '../courier.ts'

export const loopbackCourier = (node: string): Courier => {
  let receiver: ((from: string, message: string) => void) | undefined
  return {
    async start(receive) {
      receiver = receive
      return async () => {
        receiver = undefined
      }
    },
    async tell(to, message) {
      if (!receiver) throw new FanfareError('unavailable', 'The node is not running.')
      if (to !== node) return false
      receiver(node, message)
      return true
    },
  }
}
