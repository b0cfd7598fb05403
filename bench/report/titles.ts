/** What scenarios and units are called above a chart, and in which order they stand. What is not named here is called by its own name. */
import { isMoreBetter } from './values.ts'

const titles: { readonly [scenario: string]: string } = {
  fanout: 'Fan-out to one room',
  'large-room': 'Fan-out to one room of 10,000',
  'small-rooms': 'Many small rooms',
  'event-stream': 'Event streams',
  idle: 'Memory of idle sessions',
  publish: 'Acknowledged publishes',
  connect: 'Sessions opened with tokens',
  latency: 'Latency at fixed rates',
  storm: 'Reconnect storm',
  presence: 'Presence churn',
  redis: 'Two nodes on Redis',
  chat: 'Chat',
  growth: 'Growth',
  soak: 'Churn over time',
}

/** In the order of the table above, then as they were measured. */
export const inOrder = <One extends { readonly scenario: string }>(figures: readonly One[]): readonly One[] => {
  const known = Object.keys(titles)
  const rank = ({ scenario }: One): number => (known.includes(scenario) ? known.indexOf(scenario) : known.length)
  return figures.toSorted((one, other) => rank(one) - rank(other))
}

export const titleOf = (scenario: string): string =>
  titles[scenario] ?? `${scenario.slice(0, 1).toUpperCase()}${scenario.slice(1).replaceAll('-', ' ')}`

const units: { readonly [unit: string]: string } = {
  '/s': 'A second',
  's per million': 'Processor seconds of the server for a million deliveries',
  ms: 'Milliseconds',
  s: 'Seconds',
  cores: 'Processor cores used',
}

/** With which end is the good one. */
export const spokenUnit = (unit: string): string => {
  const name = units[unit] ?? `${unit.slice(0, 1).toUpperCase()}${unit.slice(1)}`
  return `${name}; ${isMoreBetter(unit) ? 'more' : 'less'} is better`
}
