import { expect, test } from 'bun:test'
import { fakeClock } from './fake-clock.ts'
import { type Log, silentLog } from './log.ts'
import { SeldomWarning } from './seldom.ts'

test('a warning is said once a minute, with how often it was not said', async () => {
  const clock = fakeClock()
  const said: unknown[] = []
  const log: Log = { ...silentLog, warn: (about, message) => void said.push({ ...about, message }) }
  const warning = new SeldomWarning({ clock, log }, 'noise')
  for (let count = 0; count < 10; count++) warning.warn({ count })
  await clock.advance(59_999)
  warning.warn({ count: 10 })
  await clock.advance(1)
  warning.warn({ count: 11 })
  expect(said).toEqual([
    { count: 0, message: 'noise' },
    { count: 11, unsaid: 10, message: 'noise' },
  ])
})
