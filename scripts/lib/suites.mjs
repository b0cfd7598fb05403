// Runs test files with Bun or Node and counts what happened. Owns no list of files and no verdict on the whole.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { capture } from './run.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

export const noCounts = { passed: 0, failed: 0, skipped: 0 }

export const add = (one, other) => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
})

/** The last line of `npm test`: `312 passed, 0 failed`, and the skipped where there are any. */
export const countsLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`

/** Counts from the root element of a JUnit report by Bun; undefined when there is none. */
export const countsOfJunit = (xml) => {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0]
  if (root === undefined) return undefined
  const read = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0)
  const failed = read('failures') + read('errors')
  return { passed: read('tests') - failed - read('skipped'), failed, skipped: read('skipped') }
}

/** Counts from the summary at the end of a TAP report by Node; undefined when there is none. */
export const countsOfTap = (tap) => {
  const read = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? Number.NaN)
  const failed = read('fail') + read('cancelled')
  const counts = { passed: read('pass'), failed, skipped: read('skipped') + read('todo') }
  return Object.values(counts).some(Number.isNaN) ? undefined : counts
}

/** A runner that ends badly has failed, whatever its report says; one without a report too. */
export const judged = (counts, code) => {
  if (counts === undefined) return { ...noCounts, failed: 1 }
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

const stream = (text) => process.stderr.write(text)

/** @param together how many files run at a time, each in a process of its own */
/** @returns {Promise<Counts & { output: string }>} */
export const bunTests = async (bun, files, { timeoutMs = 5_000, quiet = false, together = 1, env = {} } = {}) => {
  if (files.length === 0) return { ...noCounts, output: '' }
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-junit-'))
  const report = join(folder, 'junit.xml')
  const flags = ['--no-orphans', `--timeout=${timeoutMs}`, '--reporter=junit', `--reporter-outfile=${report}`]
  // Files of one process share what they import, as they do without this.
  if (together > 1) flags.push(`--parallel=${together}`, '--no-isolate')
  const { code, output } = await capture(bun, ['test', ...flags, ...files.map((file) => `./${file}`)], {
    env: { ...process.env, ...env },
    onOutput: quiet ? undefined : stream,
  })
  const counts = judged(existsSync(report) ? countsOfJunit(readFileSync(report, 'utf8')) : undefined, code)
  rmSync(folder, { recursive: true })
  return { ...counts, output }
}

/** @returns {Promise<Counts & { output: string }>} */
export const nodeTests = async (node, files, { timeoutMs = 60_000, env = {} } = {}) => {
  if (files.length === 0) return { ...noCounts, output: '' }
  const flags = ['--test', '--test-reporter=tap', `--test-timeout=${timeoutMs}`]
  const { code, output } = await capture(node, [...flags, ...files], {
    env: { ...process.env, ...env },
    onOutput: stream,
  })
  return { ...judged(countsOfTap(output), code), output }
}

const fileHeader = /^\S+\.test\.tsx?:$/
const passing = /^\((pass|skip)\)|^bun test v|^$/

/** What of a runner's output says why it failed: the parts of the files in which something did, or the end when none says so. */
export const failuresOf = (output) => {
  const lines = output.split('\n').filter((line) => !passing.test(line))
  const parts = [[]]
  for (const line of lines) {
    if (fileHeader.test(line)) parts.push([])
    parts.at(-1).push(line)
  }
  const failed = parts.slice(1).filter((part) => part.some((line) => /^\(fail\)|^error:/.test(line)))
  return (failed.length > 0 ? failed.flat() : lines).slice(-200).join('\n')
}
