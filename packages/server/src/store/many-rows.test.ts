import { describeManyRows } from './many-rows.contract.ts'

describeManyRows('SQLite', 'sqlite')
