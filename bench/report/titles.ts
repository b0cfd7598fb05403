/** What scenarios and units are called above a chart. What is not named here is called by its own name. */
import { isMoreBetter } from './values.ts'

const titles: { readonly [scenario: string]: string } = {
  fanout: 'Fan-out to one room',
  'small-rooms': 'Many small rooms',
  idle: 'Memory of idle sessions',
  publish: 'Acknowledged publishes',
  connect: 'Sessions opened with tokens',
  chat: 'Chat',
  redis: 'Two nodes on Redis',
  storm: 'Reconnect storm',
  latency: 'Latency at fixed rates',
  presence: 'Presence churn',
  'event-stream': 'Event streams',
  growth: 'Growth',
  soak: 'An hour of churn',
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
