import { expect, test } from 'bun:test'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import { SharedAnswers } from './shared-answers.ts'

const world = () => {
  const answers = new SharedAnswers<number>()
  const works: Deferred<number>[] = []
  const ask = (name = 'ward') =>
    answers.ask(name, () => {
      const work = deferred<number>()
      works.push(work)
      return work.promise
    })
  return { works, ask }
}

test('who comes while it is asked shares what is asked next, however many they are', async () => {
  const { works, ask } = world()
  const first = ask()
  const others = Array.from({ length: 1_000 }, () => ask())
  expect(works).toHaveLength(1)
  works[0]!.resolve(1)
  expect(await first).toBe(1)
  await Promise.resolve()
  expect(works).toHaveLength(2)
  const later = ask()
  works[1]!.resolve(2)
  expect(new Set(await Promise.all(others))).toEqual(new Set([2]))
  works[2]!.resolve(3)
  expect(await later).toBe(3)
})

test('what fails harms who shared it, and nobody after', async () => {
  const { works, ask } = world()
  const [first, second] = [ask(), ask()]
  works[0]!.reject(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await Promise.resolve()
  works[1]!.resolve(2)
  expect(await second).toBe(2)
  const third = ask()
  works[2]!.resolve(3)
  expect(await third).toBe(3)
})

test('others do not wait', () => {
  const { works, ask } = world()
  void ask('one')
  void ask('other')
  expect(works).toHaveLength(2)
})
