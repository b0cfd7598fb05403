/** What goes wrong with one server and the links to it, one thing after another, by chance; and how it is put right. */
import type { Chance } from '../../flows/race.chance.ts'
import type { Lane } from './broker.ts'
import type { ModelBroker } from './model-broker.world.ts'
import type { ModelServer } from './model-server.world.ts'
import type { SimulatedTime } from './simulation.time.ts'

export type FaultsOptions = {
  readonly lane: Lane
  readonly server: ModelServer
  readonly brokers: readonly ModelBroker[]
  readonly time: SimulatedTime
  readonly chance: Chance
}

const kinds = ['hole', 'cut', 'deaf', 'kill', 'slow', 'empty', 'restart', 'rollback', 'rollback'] as const
/** All nodes must have compared what they know before a server that was rolled back takes a write: nothing else happens then. */
const quietMs = 2_000

export class Faults {
  readonly #options: FaultsOptions
  /** All is put right, for good. */
  over = false
  #ending = false

  constructor(options: FaultsOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { time, chance } = this.#options
    while (!this.#ending) {
      await time.sleep(chance.below(900))
      if (!this.#ending) await this.#happen(chance.pick(kinds))
    }
    this.over = true
  }

  /** What is under way is put right when its time comes. */
  end(): void {
    this.#ending = true
  }

  async #happen(kind: (typeof kinds)[number]): Promise<void> {
    const { time, chance, brokers } = this.#options
    const broker = chance.pick(brokers)
    switch (kind) {
      case 'hole':
      case 'cut':
        await this.#partition(broker, kind === 'hole' ? 'hole' : 'down')
        return
      case 'deaf':
        await this.#deafen(broker)
        return
      case 'kill':
        for (const other of brokers) await this.#cut(other, chance.below(50))
        return
      case 'slow':
        for (const other of brokers) this.#link(other).slowMs = 1_500
        await time.sleep(500 + chance.below(1_500))
        for (const other of brokers) this.#link(other).slowMs = 0
        return
      default:
        await this.#restart(kind)
    }
  }

  async #partition(broker: ModelBroker, state: 'hole' | 'down'): Promise<void> {
    const { time, chance, lane } = this.#options
    this.#link(broker).state = state
    await time.sleep(200 + chance.below(3_500))
    broker.reconnect(lane)
  }

  /** Only its messages do not come; that it was deaf is noticed in the end, or never. */
  async #deafen(broker: ModelBroker): Promise<void> {
    const { time, chance, lane } = this.#options
    const link = this.#link(broker)
    link.deaf = true
    await time.sleep(200 + chance.below(2_500))
    if (chance.below(2) === 0) broker.reconnect(lane)
    else link.deaf = false
  }

  async #cut(broker: ModelBroker, forMs: number): Promise<void> {
    this.#link(broker).state = 'down'
    await this.#options.time.sleep(forMs)
    broker.reconnect(this.#options.lane)
  }

  /** With nothing, with all it had, or as a replica that lagged behind. */
  async #restart(kind: 'empty' | 'restart' | 'rollback'): Promise<void> {
    const { time, chance, server, brokers, lane } = this.#options
    let state = server.state()
    if (kind === 'rollback') await time.sleep(20 + chance.below(600))
    else state = server.state()
    server.up = false
    for (const broker of brokers) this.#link(broker).state = 'down'
    server.become(kind === 'empty' ? undefined : state)
    await time.sleep(50 + chance.below(1_000))
    server.up = true
    for (const broker of brokers) time.after(chance.below(300), () => broker.reconnect(lane))
    await time.sleep(quietMs)
  }

  #link(broker: ModelBroker) {
    return broker.links.get(this.#options.lane)!
  }
}
