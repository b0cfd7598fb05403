import { expect, test } from 'bun:test'
import { Closing } from './closing.ts'
import { silentLog } from './log.ts'

test('what was opened first is closed last, once, even when something between does not close', async () => {
  const said: string[] = []
  const closing = new Closing({ ...silentLog, error: (_, message) => said.push(message) })
  closing.push(async () => void said.push('first'))
  closing.push(async () => {
    throw new Error('stuck')
  })
  closing.push(async () => void said.push('last'))
  await Promise.all([closing.close(), closing.close()])
  expect(said).toEqual(['last', 'a part of the server did not close well', 'first'])
})
