import { expect, test } from 'bun:test'
import { fakeClock } from '../../lib/fake-clock.ts'
import { silentLog } from '../../lib/log.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import { Arrivals } from './arrivals.ts'
import { settled, tenantId } from './status.world.ts'

test('it is asked of nobody whether they are told before they are held, however many wait for the same hold', async () => {
  const clock = fakeClock()
  const asked: string[] = []
  let hold = Promise.withResolvers<void>()
  const arrivals = new Arrivals({
    clock,
    batches: { add: () => Promise.reject(new Error('nobody is told')) },
    warning: new SeldomWarning({ clock, log: silentLog }, ''),
    untilHeld: () => hold.promise,
    isTold: async (_, userId) => {
      asked.push(userId)
      return false
    },
    online: async () => new Set(),
  })
  const first = hold
  for (const user of ['ann', 'bob']) arrivals.came(tenantId, user)
  hold = Promise.withResolvers()
  for (const user of ['cem', 'dan']) arrivals.came(tenantId, user)
  await settled()
  expect(asked).toEqual([])
  first.resolve()
  await settled()
  expect(asked).toEqual(['ann', 'bob'])
  hold.resolve()
  await settled()
  expect(asked).toEqual(['ann', 'bob', 'cem', 'dan'])
  arrivals.came(tenantId, 'eva')
  await settled()
  expect(asked.at(-1)).toBe('eva')
  await arrivals.stop()
})
