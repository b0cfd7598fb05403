import { describeInbox } from './inbox.contract.ts'

describeInbox('sqlite')
