import { expect, test } from 'bun:test'
import { figure, isReached, medianOf, tableOf } from './figures.ts'

const about = { scenario: 'fanout', contender: 'Fanfare', measure: 'deliveries', unit: '/s' }

test('a figure is the median of its rounds, with the lowest and the highest', () => {
  expect(figure(about, [30, 10, 20])).toMatchObject({ median: 20, least: 10, most: 30 })
  expect(medianOf([1, 2, 3, 10])).toBe(2.5)
})

test('what must be reached is judged by the median, and being just there is enough', () => {
  expect(isReached(figure({ ...about, goal: { least: 20 } }, [30, 10, 20]))).toBe(true)
  expect(isReached(figure({ ...about, goal: { least: 21 } }, [30, 10, 20]))).toBe(false)
  expect(isReached(figure({ ...about, goal: { most: 20 } }, [30, 10, 20]))).toBe(true)
  expect(isReached(figure({ ...about, goal: { most: 19 } }, [30, 10, 20]))).toBe(false)
  expect(isReached(figure(about, [1]))).toBeUndefined()
})

test('a median that is no number has not been reached', () => {
  expect(isReached(figure({ ...about, goal: { least: 0 } }, [Number.NaN]))).toBe(false)
})

test('the table says which goals were reached and which were missed', () => {
  const table = tableOf([
    figure({ ...about, goal: { least: 5 } }, [6]),
    figure({ ...about, goal: { most: 5_000.5 } }, [6_000]),
    figure(about, [7]),
  ])
  expect(table.split('\n')).toEqual([
    expect.stringMatching(/^scenario +measure +contender +median +spread +unit +goal +notes$/),
    expect.stringMatching(/reached: ≥ 5$/),
    expect.stringMatching(/MISSED: ≤ 5,000\.5$/),
    expect.stringMatching(/\/s$/),
  ])
})
