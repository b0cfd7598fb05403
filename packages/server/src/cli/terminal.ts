/** What commands know of the world: where lines go, what was typed, how to fetch. Made by main.ts from the process; by tests from nothing. */
import type { Clock } from '../lib/clock.ts'
import type { Processes } from './processes.ts'

export type Terminal = {
  /** A line of the result, to standard output. */
  out(line: string): void
  /** A line for the person who watches, to standard error. */
  note(line: string): void
  /** Whether the result goes to somebody who sees colours. */
  readonly colour: boolean
  readonly environment: { readonly [variable: string]: string | undefined }
  readonly folder: string
  /** All of standard input. */
  input(): Promise<string>
  fetch(url: string, init?: RequestInit): Promise<Response>
  /** Calls back on every signal to stop; the result ends that. */
  onSignal(callback: () => void): () => void
  /** Calls back with every error that nobody caught, instead of ending the process; the result ends that. */
  onUncaught(callback: (error: unknown) => void): () => void
  readonly processes: Processes
  readonly clock: Clock
  /** 0 to 1. */
  random(): number
}

export type Paint = {
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly red: (text: string) => string
  readonly cyan: (text: string) => string
}

/** Colours for a terminal that shows them; else the text as it is. */
export const paintFor = ({ colour }: Pick<Terminal, 'colour'>): Paint => {
  const with_ = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { dim: with_(2), bold: with_(1), green: with_(32), yellow: with_(33), red: with_(31), cyan: with_(36) }
}

/** NO_COLOR, set to anything, means none (no-color.org); FORCE_COLOR means colours without a terminal. */
export const wantsColour = (
  environment: { readonly [variable: string]: string | undefined },
  isTerminal: boolean,
): boolean => {
  if (environment.NO_COLOR) return false
  return isTerminal || Boolean(environment.FORCE_COLOR && environment.FORCE_COLOR !== '0')
}

/** What control characters in foreign text could do to a terminal, they do not. */
export const harmless = (text: string): string =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
