import { expect, test } from 'bun:test'
import { add, countsLine, countsOfJunit, countsOfTap, failuresOf, judged, noCounts } from './lib/suites.mjs'

test('reads what Bun reports', () => {
  const xml =
    '<?xml version="1.0"?>\n<testsuites name="bun test" tests="12" assertions="40" failures="2" skipped="1" time="1">'
  expect(countsOfJunit(xml)).toEqual({ passed: 9, failed: 2, skipped: 1 })
  expect(countsOfJunit('')).toBeUndefined()
})

test('reads what Node reports', () => {
  const tap = '# tests 4\n# suites 0\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0\n'
  expect(countsOfTap(tap)).toEqual({ passed: 2, failed: 1, skipped: 1 })
  expect(countsOfTap('killed')).toBeUndefined()
})

test('a runner that ends badly has failed, whatever it reports', () => {
  expect(judged({ ...noCounts, passed: 3 }, 0)).toMatchObject({ passed: 3, failed: 0 })
  expect(judged({ ...noCounts, passed: 3 }, 1)).toMatchObject({ passed: 3, failed: 1 })
  expect(judged({ ...noCounts, failed: 2 }, 1)).toMatchObject({ failed: 2 })
  expect(judged(undefined, 0)).toMatchObject({ failed: 1 })
})

test('sums up in one line', () => {
  const sum = add({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 0, skipped: 0 })
  expect(countsLine(sum)).toBe('3 passed, 0 failed')
  expect(countsLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
})

test('keeps of the output what says why it failed', () => {
  const output = 'bun test v1\n\na.test.ts:\n(pass) one\n\nb.test.ts:\nchatter\n(pass) one\nerror: no\n(fail) two'
  expect(failuresOf(output)).toBe('b.test.ts:\nchatter\nerror: no\n(fail) two')
  expect(failuresOf('panic: out of memory')).toBe('panic: out of memory')
})
