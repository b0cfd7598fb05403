/** `npm run bench -- report [file…]`: writes docs/benchmarks.md and its charts from results of runs, and keeps these beside them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { benchFolder } from '../lib/child.ts'
import type { Result } from '../lib/results.ts'
import { joined, readResults, writeKept } from './kept.ts'
import { type Report, reportOf } from './page.ts'

const documents = join(benchFolder, '../docs')
export const pagePath = join(documents, 'benchmarks.md')
export const chartsFolder = join(documents, 'benchmarks')
export const keptPath = join(chartsFolder, 'results.json')

const read = (path: string): readonly Result[] => readResults(readFileSync(path, 'utf8'), basename(path))

/** What the repository must hold, by the results that are kept in it. */
export const reportOfKept = (): Report => reportOf(readFileSync(pagePath, 'utf8'), read(keptPath))

export const chartFiles = (): readonly string[] => readdirSync(chartsFolder).filter((name) => name.endsWith('.svg'))

/** @param files of runs, or the kept one too, to replace only some scenarios; none: from what is kept */
export const report = (files: readonly string[]): void => {
  mkdirSync(chartsFolder, { recursive: true })
  const results = joined((files.length > 0 ? files : [keptPath]).flatMap(read))
  const { page, charts } = reportOf(readFileSync(pagePath, 'utf8'), results)
  writeFileSync(keptPath, writeKept(results))
  writeFileSync(pagePath, page)
  for (const old of chartFiles()) rmSync(join(chartsFolder, old))
  for (const { file, svg } of charts) writeFileSync(join(chartsFolder, file), svg)
  process.stderr.write(`docs/benchmarks.md, ${charts.length} charts, from ${results.length} runs\n`)
}
