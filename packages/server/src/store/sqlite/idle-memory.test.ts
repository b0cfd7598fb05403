import { expect, test } from 'bun:test'
import { fakeClock } from '../../lib/fake-clock.ts'
import { IdleMemory } from './idle-memory.ts'

const world = () => {
  const clock = fakeClock()
  let released = 0
  const memory = new IdleMemory({ clock, release: () => void released++ })
  return { clock, memory, released: () => released }
}

test('memory is given back once after nobody used it for a while, and again after it was used again', async () => {
  const { clock, memory, released } = world()
  for (let second = 0; second < 20; second++) {
    memory.used()
    await clock.advance(500)
  }
  expect(released()).toBe(0)
  await clock.advance(60_000)
  expect(released()).toBe(1)
  memory.used()
  await clock.advance(60_000)
  expect(released()).toBe(2)
})

test('what is stopped gives nothing back any more, and begins no new timer', async () => {
  const { clock, memory, released } = world()
  memory.used()
  memory.stop()
  memory.used()
  await clock.advance(60_000)
  expect(released()).toBe(0)
})
