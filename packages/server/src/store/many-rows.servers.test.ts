import { describeManyRows } from './many-rows.contract.ts'

describeManyRows('PostgreSQL', 'postgres')
