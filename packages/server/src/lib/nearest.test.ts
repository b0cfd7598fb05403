import { expect, test } from 'bun:test'
import { distance, nearest } from './nearest.ts'

test('counts the letters that differ', () => {
  expect(distance('port', 'port')).toBe(0)
  expect(distance('prot', 'port')).toBe(2)
  expect(distance('', 'port')).toBe(4)
  expect(distance('ports', 'port')).toBe(1)
})

test('finds the word that was meant, and none when nothing is near', () => {
  const known = ['FANFARE_PORT', 'FANFARE_HOST', 'FANFARE_SECRET']
  expect(nearest('FANFARE_PROT', known)).toBe('FANFARE_PORT')
  expect(nearest('FANFARE_SECRETS', known)).toBe('FANFARE_SECRET')
  expect(nearest('COLOUR', known)).toBeUndefined()
})
