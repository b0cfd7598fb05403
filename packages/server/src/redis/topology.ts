/** Who the masters are and which partitions each has. A port with three answers: one server, what Sentinel says, what a Cluster says. */
import type { Endpoint } from './address.ts'
import type { Connection } from './connection.ts'
import type { Partition } from './redis.ts'

export type Master = { readonly endpoint: Endpoint; readonly partitions: readonly Partition[] }

export type Topology = {
  readonly partitions: readonly Partition[]
  /** How often it is asked for without a reason, ms; `undefined`: it never changes. */
  readonly everyMs: number | undefined
  /** Calls back when there is a reason to ask. */
  onChange(changed: () => void): void
  /** @param open connections to masters that live now @throws Error when nobody can say */
  masters(open: readonly Connection[]): Promise<readonly Master[]>
  close(): Promise<void>
}

export const oneServer = (endpoint: Endpoint, partitions: readonly Partition[]): Topology => ({
  partitions,
  everyMs: undefined,
  onChange: () => {},
  masters: async () => [{ endpoint, partitions }],
  close: async () => {},
})
