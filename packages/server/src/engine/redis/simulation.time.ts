/** Time that passes only when it is run: every timer in its order, with promises settled in between. */
import type { Clock, Timer } from '../../lib/clock.ts'

type Due = { readonly at: number; readonly order: number; run: (() => void) | undefined }

const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

export class SimulatedTime implements Clock {
  readonly #heap: Due[] = []
  #now = Date.UTC(2026, 0, 1)
  #order = 0

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#push(due)
    return {
      cancel() {
        due.run = undefined
      },
    }
  }

  every(ms: number, run: () => void): Timer {
    let timer: Timer
    const again = () => {
      timer = this.after(ms, again)
      run()
    }
    timer = this.after(ms, again)
    return { cancel: () => timer.cancel() }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve)
    })
  }

  async run(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (let due = this.#heap[0]; due && due.at <= until; due = this.#heap[0]) {
      this.#pop()
      if (!due.run) continue
      this.#now = due.at
      due.run()
      await settle()
    }
    this.#now = until
  }

  #push(due: Due): void {
    const heap = this.#heap
    let index = heap.push(due) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(due, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = due
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

/** Lets promises that wait for nothing else go on. */
const settle = async (): Promise<void> => {
  for (let tick = 0; tick < 16; tick++) await undefined
}
