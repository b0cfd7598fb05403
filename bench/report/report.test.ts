import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartFiles, chartsFolder, keptPath, pagePath, reportOfKept } from './main.ts'

test('the page of benchmarks says what the kept results say (else: npm run bench -- report)', () => {
  expect(readFileSync(pagePath, 'utf8')).toBe(reportOfKept().page)
})

test('the charts are drawn from the kept results, and there are no others (else: npm run bench -- report)', () => {
  const { charts } = reportOfKept()
  expect(chartFiles().toSorted()).toEqual(charts.map(({ file }) => file).toSorted())
  for (const { file, svg } of charts) expect(readFileSync(join(chartsFolder, file), 'utf8')).toBe(svg)
})

test('what is kept names no folder of the machine that it was measured on', () => {
  expect(readFileSync(keptPath, 'utf8')).not.toMatch(/\/(home|root|Users|work|tmp|usr|var|etc)\//)
})
