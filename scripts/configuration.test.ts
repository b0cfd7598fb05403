import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationPath, renderConfiguration } from './configuration.ts'
import { root } from './lib/run.mjs'

test('the guide says what the settings are (else: npm run docs)', () => {
  expect(readFileSync(join(root, configurationPath), 'utf8')).toBe(renderConfiguration())
})
