/** Writes docs/guide/configuration.md from the table of settings. A test holds the file to what this makes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientVariables, type SettingRow, settingRows } from '../packages/server/src/config.ts'
import { show } from '../packages/server/src/lib/setting.ts'
import { root } from './lib/run.mjs'

export const configurationPath = 'docs/guide/configuration.md'

const cell = (text: string): string => text.replaceAll('|', '\\|')

const row = ({ name, variable, setting }: SettingRow): string => {
  const standard = setting.kind === 'secret' ? '—' : show(setting)
  return `| \`${variable}\` | \`${name}\` | ${cell(setting.kind)} | ${cell(standard)} | ${cell(setting.doc)} |`
}

const table = (rows: readonly SettingRow[]): string =>
  [
    '| Variable | In a file | Kind | Default | What it does |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(row),
  ].join('\n')

const isLimit = ({ name }: SettingRow): boolean => name.startsWith('limits.')

export const renderConfiguration = (): string => `# Configuration

<!-- Made by scripts/configuration.ts from packages/server/src/config.ts; change it there. -->

Nothing needs to be configured to try Fanfare out. A setting is taken, the strongest first, from the command line
(\`--port 9000\`), from an environment variable (\`FANFARE_PORT=9000\`), from a JSON file (\`fanfare start app.ts --config
fanfare.json\`), or it has its default. An empty variable counts as unset. A node that cannot use its configuration says
everything that is wrong with it at once, and does not start. \`fanfare doctor\` shows what holds, and what is unsafe.

\`\`\`json
{ "host": "0.0.0.0", "port": 8080, "allowedOrigins": ["https://app.example.org"], "limits": { "roomsPerSession": 256 } }
\`\`\`

A time is written as \`500ms\`, \`30s\`, \`5m\`, \`24h\` or \`7d\` (a bare number counts milliseconds), a size as \`64kb\` or
\`1mb\` (a bare number counts bytes), a list with commas between its parts.

## Settings

${table(settingRows.filter((one) => !isLimit(one)))}

In production (\`FANFARE_MODE=production\`) a node refuses to start without a way to verify tokens, and with a secret that is
short or known. In development it makes a secret and keeps it in the data folder, or in Redis for all nodes.

## Limits

What goes beyond a limit is answered with a typed error that says whether and when to try again.

${table(settingRows.filter(isLimit))}

## For the commands

| Variable | What it does |
| --- | --- |
${Object.entries(clientVariables)
  .map(([variable, doc]) => `| \`${variable}\` | ${doc} |`)
  .join('\n')}
| \`NO_COLOR\` | Set to anything: no colours. |
`

if (import.meta.main) writeFileSync(join(root, configurationPath), renderConfiguration())
