import { describeInbox } from './inbox.contract.ts'

describeInbox('postgres')
