import { expect, test } from 'bun:test'
import { fakeTerminal } from './terminal.fake.ts'
import { countWorkers, findPort } from './workers.ts'
import { workersWorld } from './workers.world.ts'

test('the first worker begins alone, the others once it is ready; when all are, people are told once', () => {
  const world = workersWorld()
  expect(world.started).toEqual([1])
  world.newest.isReady()
  expect(world.started).toEqual([1, 2, 3])
  world.worker(2).isReady()
  expect(world.ups).toBe(0)
  world.worker(3).isReady()
  expect(world.ups).toBe(1)
})

test('a program that cannot start says so once, and nothing else is tried', async () => {
  const world = workersWorld()
  world.newest.ends(1)
  await expect(world.ended).rejects.toThrow('The first worker ended before it was ready, with exit code 1.')
  expect(world.started).toEqual([1])
  expect(world.listening).toBe(0)
})

test('a worker that crashes is replaced after half a second, the others untouched', async () => {
  const world = workersWorld()
  world.begins()
  await world.clock.advance(60_000)
  world.worker(2).crashes()
  expect(world.said).toEqual(['2: a worker died: by SIGSEGV'])
  await world.clock.advance(499)
  expect(world.started).toEqual([1, 2, 3])
  await world.clock.advance(1)
  expect(world.started).toEqual([1, 2, 3, 2])
  expect(world.alive.flatMap(({ told }) => told)).toEqual([])
})

test('also one that ends by itself in peace is replaced: the supervisor did not ask for it', async () => {
  const world = workersWorld()
  world.begins()
  world.worker(1).ends(0)
  await world.clock.advance(500)
  expect(world.worker(1).alive).toBe(true)
})

test('one that dies again and again is tried again for ever, at last every 10 s, and costs the others nothing', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  await world.clock.advance(31_000)
  const waits: number[] = []
  for (let death = 1; death <= 9; death++) {
    // As where Redis is away: it ends before it was ever ready.
    if (death === 1) world.worker(2).crashes()
    else world.newest.ends(1)
    const diedAt = world.clock.now()
    const before = world.started.length
    while (world.started.length === before) await world.clock.advance(100)
    waits.push(world.clock.now() - diedAt)
  }
  // The first was not young, so it did not count.
  expect(waits).toEqual([500, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000])
  expect(world.said.filter((line) => line.includes('tried again'))).toEqual([
    '2: a worker died 5 times within 30 s of its start, the last time with exit code 1; it is tried again, the others go on',
  ])
  expect(world.worker(1)).toMatchObject({ alive: true, told: [] })
  expect(world.outcome.how).toBe('runs')
  world.newest.isReady()
  expect(world.ups).toBe(1)
})

test('where none was ever ready, five deaths end it, and it says why', async () => {
  const world = workersWorld({ count: 2 })
  for (let death = 1; death <= 5; death++) {
    world.newest.crashes()
    await world.clock.advance(10_000)
  }
  expect(world.started).toEqual([1, 1, 1, 1, 1])
  await expect(world.ended).rejects.toThrow('Worker 1 died 5 times within 30 s of its start, the last time by SIGSEGV.')
})

test('told to stop, all are told together; it ends when the last has', async () => {
  const world = workersWorld()
  world.begins()
  world.signal()
  expect(world.alive.map(({ told }) => told)).toEqual([['stop'], ['stop'], ['stop']])
  world.worker(1).ends(0)
  world.worker(2).ends(0)
  await world.clock.advance(1_000)
  expect(world.outcome.how).toBe('runs')
  world.worker(3).ends(0)
  await world.ended
  expect(world.listening).toBe(0)
})

test('one that waits to be replaced is not started into a stop', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  world.worker(2).crashes()
  world.signal()
  world.worker(1).ends(0)
  await world.ended
  await world.clock.advance(60_000)
  expect(world.started).toEqual([1, 2])
})

test('a worker that does not stop in its time is killed, and that is no good end', async () => {
  const world = workersWorld({ count: 2, shutdownMs: 30_000 })
  world.begins()
  world.signal()
  world.worker(1).ends(0)
  await world.clock.advance(31_900)
  expect(world.worker(2).killed).toBe(false)
  await world.clock.advance(200)
  await expect(world.ended).rejects.toThrow('Not every worker stopped well.')
})

test('told twice, it waits no longer; but one Ctrl-C that arrives twice is one', async () => {
  const world = workersWorld()
  world.begins()
  world.signal()
  await world.clock.advance(50)
  world.signal()
  expect(world.outcome.how).toBe('runs')
  const workers = world.alive
  await world.clock.advance(1_000)
  world.signal()
  await expect(world.ended).rejects.toThrow('Told to stop twice')
  expect(workers.map(({ killed }) => killed)).toEqual([true, true, true])
})

test('a rolling restart starts one, waits until it is ready, lets the old one go, then does the next', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  const [one, two] = world.alive
  world.hangsUp()
  expect(world.started).toEqual([1, 2, 1])
  expect(one!.told).toEqual([])
  world.newest.isReady()
  expect(one!.told).toEqual(['stop'])
  expect(world.started).toEqual([1, 2, 1])
  one!.ends(0)
  expect(world.started).toEqual([1, 2, 1, 2])
  world.newest.isReady()
  two!.ends(0)
  expect(world.alive.map(({ number }) => number)).toEqual([1, 2])
  expect(world.said.at(-1)).toBe('every worker was replaced')
  expect(world.ups).toBe(1)
})

test('when the new worker does not start, the rolling restart is given up and the old ones go on', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  world.hangsUp()
  world.newest.ends(1)
  await world.clock.advance(60_000)
  expect(world.started).toEqual([1, 2, 1])
  expect(world.alive.flatMap(({ told }) => told)).toEqual([])
  expect(world.said.join()).toContain('the rolling restart is given up')
})

test('a new worker that is never ready is killed after a minute', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  world.hangsUp()
  const fresh = world.newest
  await world.clock.advance(60_000)
  expect(fresh.killed).toBe(true)
  expect(world.alive).toHaveLength(2)
})

test('an old worker that dies before the new one is ready needs no other', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  world.hangsUp()
  world.alive[0]!.crashes()
  await world.clock.advance(5_000)
  expect(world.started).toEqual([1, 2, 1])
  world.newest.isReady()
  expect(world.started).toEqual([1, 2, 1, 2])
})

test('asked again during a rolling restart, it replaces them all once more; asked to stop, it replaces none', async () => {
  const world = workersWorld({ count: 2 })
  world.begins()
  world.hangsUp()
  world.hangsUp()
  for (const expected of [1, 2]) {
    const old = world.alive.find(({ number }) => number === expected)!
    world.worker(expected).isReady()
    old.ends(0)
    if (expected === 1) expect(world.newest.number).toBe(1)
    world.newest.isReady()
    if (expected === 1) world.alive.find((worker) => worker.told.length > 0)?.ends(0)
  }
  world.signal()
  const before = world.started.length
  for (const worker of world.alive) worker.ends(0)
  await world.ended
  expect(world.started).toHaveLength(before)
})

test('whatever happens, a slot never has more than one worker that serves and one that begins', async () => {
  let seed = 7
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
  for (let run = 0; run < 200; run++) {
    const world = workersWorld({ count: 3 })
    world.begins()
    for (let step = 0; step < 60 && world.outcome.how === 'runs'; step++) {
      const some = world.alive[Math.floor(random() * world.alive.length)]
      const dice = random()
      if (dice < 0.3) some?.isReady()
      else if (dice < 0.45) some?.crashes()
      else if (dice < 0.55) world.hangsUp()
      else if (dice < 0.8) world.alive.find(({ told }) => told.length > 0)?.ends(0)
      else await world.clock.advance(random() * 20_000)
      for (const number of [1, 2, 3]) {
        const staying = world.alive.filter((worker) => worker.number === number && worker.told.length === 0)
        expect(staying.length).toBeLessThanOrEqual(2)
      }
      // One at a time is on its way out.
      if (world.outcome.how === 'runs' && !world.said.some((text) => text.includes('Every worker is stopped'))) {
        expect(world.alive.filter(({ told }) => told.length > 0).length).toBeLessThanOrEqual(1)
      }
    }
    world.signal()
    for (const worker of world.alive) worker.ends(0)
    await world.clock.advance(0)
    expect(world.outcome.how).not.toBe('runs')
  }
})

test('how many: a number, or one a core; more than one only where the system shares ports', () => {
  const { processes } = fakeTerminal().terminal
  expect(countWorkers('2', processes)).toBe(2)
  expect(countWorkers('auto', processes)).toBe(4)
  for (const wrong of ['0', '-1', '1.5', 'many', '', '2000']) {
    expect(() => countWorkers(wrong, processes)).toThrow('--workers takes a number')
  }
  const elsewhere = { ...processes, sharesPorts: false }
  expect(countWorkers('1', elsewhere)).toBe(1)
  expect(() => countWorkers('2', elsewhere)).toThrow('needs Linux')
})

test('the port is found once for all, and one where somebody listens is refused, however they share it', async () => {
  const host = '127.0.0.1'
  const free = await findPort({ host, port: 0 })
  expect(free).toBeGreaterThan(0)
  expect(await findPort({ host, port: free })).toBe(free)
  await using shared = Bun.serve({ hostname: host, port: free, reusePort: true, fetch: () => new Response() })
  expect(shared.port).toBe(free)
  await expect(findPort({ host, port: free })).rejects.toThrow('another process listens there')
})
