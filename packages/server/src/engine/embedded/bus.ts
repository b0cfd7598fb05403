/** The bus of a cluster of one: what the node sends comes back to it. */
import { FanfareError } from '@fanfare/protocol'
import type { NodeBus, NodeMessage } from '../node-bus.ts'

export const loopbackBus = (): NodeBus => {
  let receiver: ((message: NodeMessage) => void) | undefined
  return {
    async start(receive) {
      receiver = receive
      return async () => {
        receiver = undefined
      }
    },
    async send(message) {
      if (!receiver) throw new FanfareError('unavailable', 'The node is not running.')
      receiver(message)
    },
  }
}
