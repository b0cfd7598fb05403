/**
 * Publishes with keys through what is cut again and again. Whatever is refused for a while, or never answered, is said again
 * with its key in the other place; some of what was acknowledged is said again too. Each number must be stored once.
 */
import { FanfareError } from '@fanfare/protocol'

export type Said = { readonly epoch: string; readonly offset: number; readonly duplicate: boolean }

/** One way into the same rooms. */
export type Mouth = { says(n: number): Promise<Said> }

export type RetriesOptions = {
  readonly mouths: readonly Mouth[]
  readonly publishes: number
  /** Under way at a time. */
  readonly atOnce: number
  /** Called after each saying that has just gone out, with how many there were. */
  readonly said?: (count: number) => void
}

export type Retried = {
  readonly acknowledged: ReadonlyMap<number, Said>
  /** Sayings that were answered with `unavailable`, or not at all. */
  readonly failed: number
  /** Acknowledged numbers that were said once more. */
  readonly repeated: number
  /** First acknowledgements that said duplicate: the number was stored, and its answer lost. */
  readonly answersLost: number
  readonly faults: readonly string[]
}

/** Of what was acknowledged, how much is said again. */
const repeatShare = 0.2
/** Between two tries. */
const pauseMs = 20
const mostTries = 500

export const retries = async ({ mouths, publishes, atOnce, said }: RetriesOptions): Promise<Retried> => {
  const acknowledged = new Map<number, Said>()
  const faults: string[] = []
  const count = { failed: 0, repeated: 0, answersLost: 0 }
  let next = 0
  let turn = 0

  /** Elsewhere each time, until it is answered. */
  const persist = async (n: number): Promise<Said> => {
    for (let tries = 1; ; tries++) {
      try {
        const saying = mouths[turn++ % mouths.length]!.says(n)
        said?.(turn)
        return await saying
      } catch (error) {
        if (!(error instanceof FanfareError && error.code === 'unavailable') || tries === mostTries) throw error
        count.failed++
        await Bun.sleep(pauseMs * (0.5 + Math.random()))
      }
    }
  }
  const publish = async (n: number): Promise<void> => {
    const first = await persist(n)
    acknowledged.set(n, first)
    if (first.duplicate) count.answersLost++
    if (Math.random() > repeatShare) return
    const again = await persist(n)
    count.repeated++
    if (!again.duplicate || again.offset !== first.offset || again.epoch !== first.epoch) {
      faults.push(
        `${n} was acknowledged at ${first.offset}, and then at ${again.offset}, duplicate: ${again.duplicate}`,
      )
    }
  }
  const work = async (): Promise<void> => {
    while (next < publishes) await publish(++next).catch((error: unknown) => faults.push(String(error)))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { acknowledged, faults, ...count }
}

/** Cuts everything of each at random, every 50 to 200 ms, until the result is called. */
export const cutAtRandom = (proxies: readonly { cut(): void }[]): { readonly cuts: number; end(): Promise<void> } => {
  let isOver = false
  let cuts = 0
  const running = proxies.map(async (proxy) => {
    while (!isOver) {
      await Bun.sleep(50 + Math.random() * 150)
      proxy.cut()
      cuts++
    }
  })
  return {
    get cuts() {
      return cuts
    },
    async end() {
      isOver = true
      await Promise.all(running)
    },
  }
}

/** What is stored against what was acknowledged. */
export const storedOnce = (
  log: readonly { readonly n: number; readonly epoch: string; readonly offset: number }[],
  { acknowledged }: Pick<Retried, 'acknowledged'>,
): readonly string[] => {
  const faults: string[] = []
  const at = new Map<number, string>()
  for (const { n, epoch, offset } of log) {
    if (at.has(n)) faults.push(`${n} is stored twice, at ${at.get(n)} and ${epoch} ${offset}`)
    at.set(n, `${epoch} ${offset}`)
  }
  for (const [n, { epoch, offset }] of acknowledged) {
    if (at.get(n) !== `${epoch} ${offset}`)
      faults.push(`${n} was acknowledged at ${epoch} ${offset} and is at ${at.get(n)}`)
  }
  return faults
}
