import { expect, test } from 'bun:test'
import { Crowd } from './crowd.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const crowdThatCounts = () => {
  const seen = { collections: 0 }
  const crowd = new Crowd(() => {
    seen.collections++
  })
  const come = (links: number) => {
    for (let link = 0; link < links; link++) crowd.came()
  }
  return { seen, come }
}

test('what connecting left behind is collected once for every two hundred links, and never for fewer', async () => {
  const { seen, come } = crowdThatCounts()
  come(199)
  await turn()
  expect(seen.collections).toBe(0)
  come(1)
  await turn()
  expect(seen.collections).toBe(1)
  come(199)
  await turn()
  expect(seen.collections).toBe(1)
  come(1)
  await turn()
  expect(seen.collections).toBe(2)
})

test('links that come together are answered before anything is collected', async () => {
  const { seen, come } = crowdThatCounts()
  come(250)
  expect(seen.collections).toBe(0)
  await turn()
  expect(seen.collections).toBe(1)
})
