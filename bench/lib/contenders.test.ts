import { expect, test } from 'bun:test'
import { dialects } from '../load/dialects.ts'
import { contenders, describeContenders } from './contenders.ts'

test('every contender has a version here, or says what is missing and how to get it', () => {
  const lines = describeContenders()
  expect(lines).toHaveLength(Object.keys(dialects).length)
  for (const line of lines) {
    expect(line.configured).not.toBe('')
    if ('missing' in line) expect(line.missing).toMatch(/apt-get install|go install/)
    else expect(line.version).toMatch(/^\S/)
  }
})

test('a Centrifugo that is named and not there is missing', () => {
  const before = process.env.CENTRIFUGO_PATH
  process.env.CENTRIFUGO_PATH = '/nowhere/centrifugo'
  try {
    expect(contenders.centrifugo.find()).toMatchObject({ missing: expect.stringContaining('CENTRIFUGO_PATH') })
  } finally {
    if (before === undefined) delete process.env.CENTRIFUGO_PATH
    else process.env.CENTRIFUGO_PATH = before
  }
})
