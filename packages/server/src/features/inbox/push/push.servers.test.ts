import { setDefaultTimeout } from 'bun:test'
import { describePush } from './push.contract.ts'

// A database that starts on a busy machine takes its time.
setDefaultTimeout(60_000)

describePush('postgres')
