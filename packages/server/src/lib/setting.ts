/** Kinds of settings: how a text becomes a value, and what to say when it does not. Owns no setting and reads nothing. */

export type Setting<Value> = {
  /** Shown in the documentation: `text`, `number 0–65535`, `time`… */
  readonly kind: string
  readonly default: Value
  readonly doc: string
  /** Its value is never shown, logged or put into an error. */
  readonly secret: boolean
  /** @throws Error whose message completes “FANFARE_X …” and does not repeat a secret */
  readonly parse: (text: string) => Value
}

export type ValueOf<Of> = Of extends Setting<infer Value> ? Value : never

type Described<Value> = { readonly default: Value; readonly doc: string }
type Range = { readonly min: number; readonly max: number }

export const text = <Value extends string | undefined>(about: Described<Value>): Setting<string | Value> => ({
  ...about,
  kind: 'text',
  secret: false,
  parse: (given) => given,
})

/** A text that never leaves the process. */
export const secret = (about: { readonly doc: string }): Setting<string | undefined> => ({
  ...about,
  kind: 'secret',
  default: undefined,
  secret: true,
  parse: (given) => given,
})

export const oneOf = <const Choice extends string>(
  choices: readonly Choice[],
  about: Described<NoInfer<Choice>>,
): Setting<Choice> => ({
  ...about,
  kind: choices.join(' | '),
  secret: false,
  parse: (given) => {
    const found = choices.find((choice) => choice === given)
    if (found !== undefined) return found
    throw new Error(`is ${JSON.stringify(given)}; it must be one of ${choices.join(', ')}.`)
  },
})

/** Several words with commas between them. */
export const list = (about: Described<readonly string[]>): Setting<readonly string[]> => ({
  ...about,
  kind: 'list',
  secret: false,
  parse: (given) =>
    Object.freeze(
      given
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    ),
})

export const flag = (about: Described<boolean>): Setting<boolean> => ({
  ...about,
  kind: 'true | false',
  secret: false,
  parse: (given) => {
    if (['true', '1', 'yes', 'on'].includes(given.toLowerCase())) return true
    if (['false', '0', 'no', 'off'].includes(given.toLowerCase())) return false
    throw new Error(`is ${JSON.stringify(given)}; it must be true or false.`)
  },
})

const within = (value: number, { min, max }: Range): boolean => Number.isInteger(value) && value >= min && value <= max

export const integer = (range: Range, about: Described<number>): Setting<number> => ({
  ...about,
  kind: `number ${range.min}–${range.max}`,
  secret: false,
  parse: (given) => {
    const value = given.trim() === '' ? Number.NaN : Number(given)
    if (within(value, range)) return value
    throw new Error(`is ${JSON.stringify(given)}; it must be a whole number from ${range.min} to ${range.max}.`)
  },
})

const measured = (units: { readonly [unit: string]: number }, given: string): number => {
  const parts = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(given.trim())
  const unit = units[parts?.[2]?.toLowerCase() ?? '']
  return parts === null || unit === undefined ? Number.NaN : Math.round(Number(parts[1]) * unit)
}

const times = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const longest = 10 * 365 * 86_400_000

/** A span of time in ms; written as `500`, `500ms`, `30s`, `5m`, `24h` or `7d`. */
export const time = (about: Described<number>): Setting<number> => ({
  ...about,
  kind: 'time',
  secret: false,
  parse: (given) => {
    const value = measured(times, given)
    if (within(value, { min: 0, max: longest })) return value
    throw new Error(`is ${JSON.stringify(given)}; it must be a time such as 500ms, 30s, 5m or 24h.`)
  },
})

const sizes = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** A number of bytes; written as `65536`, `64kb` or `1mb`. */
export const size = (about: Described<number>): Setting<number> => ({
  ...about,
  kind: 'size',
  secret: false,
  parse: (given) => {
    const value = measured(sizes, given)
    if (within(value, { min: 1, max: 1024 ** 4 })) return value
    throw new Error(`is ${JSON.stringify(given)}; it must be a size such as 65536, 64kb or 1mb.`)
  },
})

const wholeUnit = (value: number, units: { readonly [unit: string]: number }): string => {
  const fitting = Object.entries(units).filter(([unit, factor]) => unit !== '' && value % factor === 0)
  const [unit, factor] = fitting.at(-1) ?? ['', 1]
  return `${value / factor}${unit}`
}

/** The value as somebody would write it; `—` where there is none, `(set)` for a secret. */
export const show = (setting: Setting<unknown>, value: unknown = setting.default): string => {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '—'
  if (setting.secret) return '(set)'
  if (setting.kind === 'time' && typeof value === 'number') return value === 0 ? '0' : wholeUnit(value, times)
  if (setting.kind === 'size' && typeof value === 'number') return wholeUnit(value, sizes)
  return Array.isArray(value) ? value.join(',') : String(value)
}
