/** The rooms of the soak: so many are alive at a time, and each makes way for a new one some day. */
import type { Chance } from '../../lib/chance.ts'

export type Room = {
  readonly tenant: number
  readonly name: string
  /** The number of the last event that was published; the first is 1, as its offset must be. */
  published: number
  /** Nothing is published in it from then on, in ms of `performance.now()`. */
  retiredAt: number | undefined
}

export const tenantIdOf = (tenant: number): string => `clinic-${tenant}`

export class Rooms {
  readonly #live: Room[] = []
  readonly #byTenant: Room[][] = []
  readonly #chance: Chance
  readonly #tenants: number
  #made = 0

  constructor({
    count,
    tenants,
    chance,
  }: { readonly count: number; readonly tenants: number; readonly chance: Chance }) {
    this.#chance = chance
    this.#tenants = tenants
    for (let slot = 0; slot < count; slot++) this.#live.push(this.#make(slot))
    for (let tenant = 0; tenant < tenants; tenant++) this.#gather(tenant)
  }

  get live(): readonly Room[] {
    return this.#live
  }

  ofTenant(tenant: number): readonly Room[] {
    return this.#byTenant[tenant] ?? []
  }

  /** So many different ones of the tenant, none of them in `but`. */
  some(tenant: number, count: number, but: ReadonlyMap<string, unknown>): Room[] {
    const chosen: Room[] = []
    const all = this.ofTenant(tenant)
    for (let tries = 0; chosen.length < count && tries < 50; tries++) {
      const room = this.#chance.of(all)
      if (!but.has(room.name) && !chosen.includes(room)) chosen.push(room)
    }
    return chosen
  }

  /** Any of them makes way for a new one. */
  turnOver(): void {
    const slot = this.#chance.below(this.#live.length)
    const old = this.#live[slot]!
    old.retiredAt = performance.now()
    this.#live[slot] = this.#make(slot)
    this.#gather(old.tenant)
  }

  #gather(tenant: number): void {
    this.#byTenant[tenant] = this.#live.filter((room) => room.tenant === tenant)
  }

  #make(slot: number): Room {
    const kind = slot % 5 === 4 ? 'durable' : 'memory'
    const tenant = Math.floor(slot / 5) % this.#tenants
    return { tenant, name: `${kind}:ward-${slot}-${this.#made++}`, published: 0, retiredAt: undefined }
  }
}
