/** Limits on how much one user may send, out of the way of tests that load a server from one process. */

const names = [
  'framesPerSecond',
  'framesBurst',
  'framesPerSecondPerUser',
  'inboundBytesPerSecond',
  'inboxMessages',
  'inboxBytes',
  'sessionsPerUser',
  'connectsPerSecond',
] as const

const plenty = 100_000_000

export const unlimited: { readonly [Name in (typeof names)[number]]: number } = Object.fromEntries(
  names.map((name) => [name, plenty]),
) as { [Name in (typeof names)[number]]: number }

/** The same for a server in a process of its own. */
export const unlimitedEnvironment: { readonly [variable: string]: string } = Object.fromEntries(
  names.map((name) => [`FANFARE_LIMIT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`, `${plenty}`]),
)
