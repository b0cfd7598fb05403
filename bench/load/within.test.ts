import { expect, test } from 'bun:test'
import { whileMoving } from './within.ts'

test('work that moves may take its time', async () => {
  let moves = 0
  const finished = Promise.withResolvers<string>()
  const moved = () => {
    if (++moves === 5) finished.resolve('done')
    return moves
  }
  expect(await whileMoving(1, finished.promise, { moved, why: () => 'stood still' })).toBe('done')
})

test('work that stands still fails', async () => {
  const never = new Promise(() => {})
  await expect(whileMoving(1, never, { moved: () => 7, why: () => 'stood still at 7' })).rejects.toThrow(
    'stood still at 7',
  )
})
