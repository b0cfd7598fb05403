import { test } from 'bun:test'
import { listenOnBun } from './bun.ts'
import { describeListener } from './listener.contract.ts'

describeListener({
  name: 'Bun',
  test,
  listen: async (behind) => listenOnBun({ ...behind, host: '127.0.0.1', port: 0 }),
})
