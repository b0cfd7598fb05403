import { test } from 'node:test'
import { describeListener } from './listener.contract.ts'
import { listenOnHost } from './node.world.ts'

describeListener({ name: 'Node', test, listen: listenOnHost() })
