import { describePush } from './push.contract.ts'

describePush('postgres')
