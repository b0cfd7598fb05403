/** Nodes that have users and rooms and nothing else, each with its own hold on shared leases. */
import type { AppContext } from '../app/app.ts'
import { gatherLifecycle, type LifecycleHandlers } from '../app/lifecycle.ts'
import type { Leases } from '../engine/leases.ts'
import type { Hub } from '../hub/hub.ts'
import type { Session } from '../hub/session.ts'
import type { Clock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { type RoomKey, roomKey } from '../model/room-key.ts'
import { Lifecycle } from './lifecycle.ts'

const tenantId = 'clinic'

export type LifecycleNodeOptions = {
  readonly clock: Clock
  readonly leases: Leases
  readonly handlers: LifecycleHandlers
}

export class LifecycleNode {
  readonly users = new Set<string>()
  readonly rooms = new Set<string>()
  readonly lifecycle: Lifecycle

  constructor({ clock, leases, handlers }: LifecycleNodeOptions) {
    this.lifecycle = new Lifecycle({
      app: { lifecycle: gatherLifecycle([{ owner: '', handlers }]) },
      clock,
      leases,
      hub: this.#hub() as Hub,
      log: silentLog,
      metrics: noMetrics,
      context: (tenant, cause) => ({ tenantId: tenant, cause }) as unknown as AppContext,
    })
  }

  comes(userId: string): void {
    this.users.add(userId)
    this.lifecycle.came(this.#session(userId))
  }

  enters(room: string): void {
    this.rooms.add(room)
    this.lifecycle.entered({ key: roomKey(tenantId, room) })
  }

  #session(userId: string): Session {
    return { tenantId, userId } as Session
  }

  /** As much of a hub as is asked. */
  #hub(): Partial<Hub> {
    const { users, rooms } = this
    const session = (userId: string) => this.#session(userId)
    return {
      get userCount() {
        return users.size
      },
      get roomCount() {
        return rooms.size
      },
      *people() {
        for (const userId of users) yield session(userId)
      },
      *inhabited() {
        for (const room of rooms) yield roomKey(tenantId, room)
      },
      countsOf: ({ userId }) => ({ ofUser: users.has(userId) ? 1 : 0, ofTenant: users.size }),
      sessionsOf: (_tenant, userId) => (users.has(userId) ? [session(userId)] : []),
      *sessionsIn(key: RoomKey) {
        for (const room of rooms) if (roomKey(tenantId, room) === key) yield session('somebody')
      },
    }
  }
}
