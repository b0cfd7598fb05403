import { expect, test } from 'bun:test'
import { shown, shownGoal } from './values.ts'

test('values are shown in as many digits as mean something, with their unit', () => {
  expect(shown(1_772_786.5, '/s')).toBe('1.77 M/s')
  expect(shown(96_160, '/s')).toBe('96.2 k/s')
  expect(shown(2_547.5, '/s')).toBe('2,548/s')
  expect(shown(12_466.9, 'bytes a session')).toBe('12.2 KB')
  expect(shown(0.558, 's per million')).toBe('0.56 s')
  expect(shown(0.0125, 'ms')).toBe('0.013 ms')
  expect(shown(0.7655, 'times')).toBe('0.77 ×')
  expect(shown(-0.001, 'MB an hour')).toBe('-0.001 MB/h')
  expect(shown(Number.NaN, 'ms')).toBe('none')
})

test('no rounding turns a thousand of something into a bare thousand', () => {
  expect(shown(999_700, '/s')).toBe('1 M/s')
  expect(shown(9_996, '/s')).toBe('10 k/s')
})

test('goals are shown in the unit of their figure', () => {
  expect(shownGoal({ most: 3_584 }, 'bytes a session')).toBe('≤ 3.5 KB')
  expect(shownGoal({ least: 0.9, most: 1.1 }, 'times')).toBe('≥ 0.9 ×, ≤ 1.1 ×')
})
