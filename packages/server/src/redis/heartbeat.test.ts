import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { Heartbeat } from './heartbeat.ts'

const start = () => {
  const clock = fakeClock()
  const sent: string[] = []
  let deaf = 0
  const heartbeat = new Heartbeat({
    clock,
    everyMs: 2_000,
    beat: (message) => void sent.push(message),
    onDeaf: () => {
      deaf++
    },
  })
  heartbeat.start()
  return { clock, sent, heartbeat, deaf: () => deaf }
}

test('it beats at once and then every two seconds, and is well once one came back', async () => {
  const { clock, sent, heartbeat } = start()
  expect(sent).toHaveLength(1)
  expect(heartbeat.healthy).toBe(false)
  heartbeat.hear(sent[0] ?? '')
  expect(heartbeat.healthy).toBe(true)
  await clock.advance(2_000)
  expect(sent).toHaveLength(2)
  expect(heartbeat.healthy).toBe(true)
  await clock.advance(2_000)
  expect(heartbeat.healthy).toBe(false)
})

test('three that are not heard make a deaf subscriber; one that is heard late makes none', async () => {
  const { clock, sent, heartbeat, deaf } = start()
  heartbeat.hear(sent[0] ?? '')
  await clock.advance(6_000)
  heartbeat.hear(sent[1] ?? '')
  await clock.advance(2_000)
  expect(deaf()).toBe(0)
  await clock.advance(2_000)
  expect(deaf()).toBe(1)
  heartbeat.stop()
  await clock.advance(10_000)
  expect(deaf()).toBe(1)
})

test('another’s beats, old ones and garbage count for nothing', async () => {
  const { clock, sent, heartbeat, deaf } = start()
  const [nonce] = (sent[0] ?? '').split(':')
  for (const message of ['', 'x', 'other:1', `${nonce}:99`, `${nonce}:NaN`, `${nonce}:`]) heartbeat.hear(message)
  expect(heartbeat.healthy).toBe(false)
  await clock.advance(6_000)
  expect(deaf()).toBe(1)
})
