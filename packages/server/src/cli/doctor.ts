/** `fanfare doctor`: what is configured, what is reachable, what is unsafe. */
import type { Command } from 'commander'
import { type Config, type ConfigResult, settingRows } from '../config.ts'
import { show } from '../lib/setting.ts'
import { type Finding, type State, safetyOf } from './findings.ts'
import { reachOf } from './reach.ts'
import { addressOf } from './server-at.ts'
import { readSettings, type SettingOptions, withSettings } from './settings.ts'
import { type Paint, paintFor, type Terminal } from './terminal.ts'

type DoctorOptions = SettingOptions & { readonly json?: true; readonly all?: true; readonly url?: string }

const examples = `
Examples:
  fanfare doctor
  fanfare doctor --all                          # every setting, with its variable
  FANFARE_MODE=production fanfare doctor --json  # ends with 1 when something is unsafe in production`

export const addDoctor = (program: Command, terminal: Terminal): void => {
  withSettings(program.command('doctor'))
    .description('say what is configured, what is reachable and what is unsafe')
    .option('--mode <mode>', 'as if in development or production (FANFARE_MODE)')
    .option('--url <address>', 'where the server is (FANFARE_URL)')
    .option('--all', 'show every setting, not only those that were changed')
    .option('--json', 'one JSON object')
    .addHelpText('after', examples)
    .action(async (options: DoctorOptions, command: Command) => {
      const report = await examine(terminal, options)
      if (options.json) terminal.out(JSON.stringify(report, null, 2))
      else for (const line of linesOf(report, paintFor(terminal))) terminal.out(line)
      if (!report.ok) command.error('', { code: 'fanfare.failed', exitCode: 1 })
    })
}

type SettingLine = {
  readonly name: string
  readonly variable: string
  readonly value: string
  readonly from: string
  readonly doc: string
}
/** Secrets are shown as `(set)`. */
export type Report = {
  readonly ok: boolean
  readonly mode: string
  readonly settings: readonly SettingLine[]
  readonly findings: readonly Finding[]
}

const examine = async (terminal: Terminal, options: DoctorOptions): Promise<Report> => {
  const result = await readSettings(terminal, options)
  const warnings: Finding[] = result.warnings.map((detail) => ({ state: 'note', about: 'settings', detail }))
  if (!result.ok) {
    const problems: Finding[] = result.problems.map((detail) => ({ state: 'failed', about: 'settings', detail }))
    return { ok: false, mode: 'unknown', settings: [], findings: [...problems, ...warnings] }
  }
  const { config } = result
  const url = options.url ?? (terminal.environment.FANFARE_URL || addressOf(config))
  const findings = [...warnings, ...safetyOf(config), ...(await reachOf(terminal, config, url))]
  const grave: readonly State[] = config.mode === 'production' ? ['failed', 'unsafe'] : ['failed']
  const ok = !findings.some((finding) => grave.includes(finding.state))
  return { ok, mode: config.mode, settings: settingLines(result, options.all === true ? 'all' : 'changed'), findings }
}

const valueAt = (config: Config, name: string): unknown => {
  const [first = '', second] = name.split('.')
  const value: unknown = config[first as keyof Config]
  return second === undefined ? value : config.limits[second as keyof Config['limits']]
}

const settingLines = (result: ConfigResult & { ok: true }, which: 'all' | 'changed'): readonly SettingLine[] =>
  settingRows
    .map(({ name, variable, setting }) => ({
      name,
      variable,
      value: show(setting, valueAt(result.config, name)),
      from: result.origins.get(name) ?? 'default',
      doc: setting.doc,
    }))
    .filter((line) => which === 'all' || line.from !== 'default')

const linesOf = (report: Report, paint: Paint): readonly string[] => {
  const marks: { readonly [Of in State]: string } = {
    ok: paint.green('✓'),
    note: paint.dim('·'),
    unsafe: paint.yellow('!'),
    failed: paint.red('✗'),
  }
  const settings = report.settings.map(
    (line) => `  ${line.variable} = ${line.value} ${paint.dim(`(${line.from}) ${line.doc}`)}`,
  )
  return [
    paint.bold('Settings'),
    ...(settings.length > 0 ? settings : [`  ${paint.dim('all as they are by default; --all shows them')}`]),
    paint.bold('Findings'),
    ...report.findings.map(({ state, about, detail }) => `  ${marks[state]} ${about.padEnd(8)} ${detail}`),
    report.ok ? paint.green('Nothing stands in the way.') : paint.red('Something must be put right first.'),
  ]
}
