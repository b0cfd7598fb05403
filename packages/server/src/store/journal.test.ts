import { describeJournal } from './journal.contract.ts'
import { openTestStore } from './store.world.ts'

describeJournal('SQLite', openTestStore)
