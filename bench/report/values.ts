/** Figures as people read them: with units, in as many digits as they mean something. */
import { type Figure, type Goal, isReached } from '../lib/figures.ts'

const compact = (value: number): string => {
  const size = Math.abs(value)
  if (size >= 999_500) return `${digits(value / 1e6)} M`
  if (size >= 9_995) return `${digits(value / 1e3)} k`
  return size >= 1_000 ? Math.round(value).toLocaleString('en') : digits(value)
}

/** Three that mean something, and no zeros behind a point. */
const digits = (value: number): string => {
  const size = Math.abs(value)
  const after = size >= 100 ? 0 : size >= 10 ? 1 : 2
  const short = Number(value.toFixed(size > 0 && size < 0.1 ? 3 : after))
  return (short === 0 ? 0 : short).toLocaleString('en', { maximumFractionDigits: 3 })
}

/** "1.77 M/s", "12.2 KB", "0.56 s", "1.3 ×": the unit without what the chart has in its title. */
export const shown = (value: number, unit: string): string => {
  if (!Number.isFinite(value)) return 'none'
  if (unit.startsWith('bytes')) {
    return Math.abs(value) >= 1024 * 1024
      ? `${digits(value / 1024 / 1024)} MB`
      : Math.abs(value) >= 1_000
        ? `${digits(value / 1024)} KB`
        : `${digits(value)} B`
  }
  if (unit === 'times') return `${digits(value)} ×`
  if (unit === 'exponent') return digits(value)
  if (unit.startsWith('/')) return `${compact(value)}${unit}`
  return `${compact(value)} ${unit.replace(/ an hour$/, '/h').split(' ', 1)[0]}`
}

/** "≥ 0.9 ×", "≤ 3.5 KB". */
export const shownGoal = ({ least, most }: Goal, unit: string): string =>
  [
    ...(least === undefined ? [] : [`≥ ${shown(least, unit)}`]),
    ...(most === undefined ? [] : [`≤ ${shown(most, unit)}`]),
  ].join(', ')

/** Rates are good when they are high, what is spent or waited for when it is low. */
export const isMoreBetter = (unit: string): boolean => unit.startsWith('/') || unit === 'times'

/** With a sign and a word, so that no colour is needed. Empty where there is no goal. */
export const verdict = (one: Figure): string =>
  one.goal === undefined ? '' : isReached(one) ? '✓ reached' : '✗ missed'
