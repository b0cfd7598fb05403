/**
 * The feed over all tenants, for those who run the system: which kind of event, where and when, and nothing of what it
 * says. It lives in a tenant of its own, so that no hospital's token can reach it.
 */
import type { RoomEvent } from '@fanfare/protocol'
import type { AppContext } from '@fanfare/server'
import { z } from 'zod'

export const operatorTenant = 'operators'
export const analyticsRoom = 'events:global'
export const Counted = z.object({ type: z.string(), tenantId: z.string() })

export const createAnalytics = () => {
  // Events that an earlier process left uncounted come before the server is quite up: they wait.
  const opened = Promise.withResolvers<void>()
  let operators: AppContext | undefined
  return {
    open(context: AppContext): void {
      operators = context
      opened.resolve()
    },
    /** Once for each event, however often it is told. */
    async count({ id, type, tenantId }: RoomEvent): Promise<void> {
      await opened.promise
      await operators?.publish(analyticsRoom, 'event.counted', { type, tenantId }, { key: id })
    },
  }
}
