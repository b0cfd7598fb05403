import { describePush } from './push.contract.ts'

describePush('sqlite')
