/** The directory of a cluster of one: what the node itself has is all there is, so nothing is kept of it. */
import { FanfareError } from '@fanfare/protocol'
import type { Directory, LocalSessions } from '../directory.ts'

export const localDirectory = (): Directory => {
  let sessions: LocalSessions | undefined
  const running = (): LocalSessions => {
    if (!sessions) throw new FanfareError('unavailable', 'The node is not running.')
    return sessions
  }
  return {
    async start(local) {
      sessions = local
      return async () => {
        sessions = undefined
      }
    },
    touch() {
      // Whoever asks reads the node's own sessions.
    },
    list: async (tenantId, filter) => running().of(tenantId, filter),
    count: async (tenantId) => running().count(tenantId),
  }
}
