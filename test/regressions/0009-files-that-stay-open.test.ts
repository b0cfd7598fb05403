import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

const openFiles = (): readonly string[] =>
  readdirSync('/proc/self/fd').flatMap((file) => {
    try {
      return [readlinkSync(`/proc/self/fd/${file}`)]
    } catch {
      // The listing itself was one of them.
      return []
    }
  })

/** The database of keys and grants was never closed, so each start of a node in one process cost its files. */
test.skipIf(!existsSync('/proc/self/fd'))('a node that has stopped holds no database open', async () => {
  const before = openFiles().filter((path) => path.includes('.sqlite'))
  const world = await startWorld({ app: clinic })
  await world.person('ann')
  expect(openFiles().some((path) => path.endsWith('trust.sqlite'))).toBe(true)
  await world[Symbol.asyncDispose]()
  expect(openFiles().filter((path) => path.includes('.sqlite'))).toEqual(before)
})
