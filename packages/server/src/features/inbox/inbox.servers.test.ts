import { setDefaultTimeout } from 'bun:test'
import { describeInbox } from './inbox.contract.ts'

// A database that starts on a busy machine takes its time.
setDefaultTimeout(60_000)

describeInbox('postgres')
