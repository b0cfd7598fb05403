/** Kill -9 of a server on SQLite in the middle of sends, a hundred times on the same data. */
import { chatKills } from '../support/chat-kills.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const { acknowledged, faults } = await chatKills({ kills: 100 })
for (const fault of faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
const metric = `acknowledged messages lost, doubled or miscounted, of ${acknowledged} over 100 kills of the server on SQLite`
atMost('chat-kill', metric, { value: faults.length, limit: 0 })
atLeast('chat-kill-load', 'acknowledged messages', { value: acknowledged, limit: 5_000 })
process.exit()
