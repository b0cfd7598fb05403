import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { StoreCheck } from './store-check.ts'

const checkOn = (ask: () => Promise<readonly string[]>) => {
  const clock = fakeClock()
  let asked = 0
  let gauge = () => Number.NaN
  const metrics = {
    add() {},
    observe() {},
    gauge: (_name: string, read: () => number) => {
      gauge = read
    },
  }
  const store = {
    tenantsDue: () => {
      asked++
      return ask()
    },
  }
  const check = new StoreCheck({ store, clock, log: silentLog, metrics })
  return { check, clock, asked: () => asked, gauge: () => gauge() }
}

test('a store that answers is there, one that refuses is away, and many who ask cost one question', async () => {
  let away = false
  const { asked, check, clock, gauge } = checkOn(async () => {
    if (away) throw new FanfareError('unavailable')
    return []
  })
  expect(await Promise.all([check.state(), check.state()])).toEqual(['ok', 'ok'])
  expect(asked()).toBe(1)
  away = true
  await clock.advance(1_000)
  expect(await check.state()).toBe('away')
  expect(gauge()).toBe(0)
  away = false
  await clock.advance(1_000)
  expect(await check.state()).toBe('ok')
  expect(gauge()).toBe(1)
})

test('a store that stands still is away after 2 s, and is not asked a second thing meanwhile', async () => {
  const { asked, check, clock } = checkOn(() => new Promise(() => {}))
  const first = check.state()
  await clock.advance(2_000)
  expect(await first).toBe('away')
  const second = check.state()
  await clock.advance(2_000)
  expect(await second).toBe('away')
  expect(asked()).toBe(1)
})
