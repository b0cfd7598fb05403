import { describeEngine } from '../engine.contract.ts'
import { embeddedHost } from './embedded.world.ts'

describeEngine('embedded', embeddedHost)
