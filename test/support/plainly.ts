/** Values without what no two runs have in common: times, ids that were made and epochs; so that runs can be compared. */

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g
const secret = /[A-Za-z0-9_-]{16,}/g
const isTime = (value: number): boolean => value > 1e12 && value < 1e13

export class Plainly {
  readonly #labels = new Map<string, string>()
  readonly #ids: 'named' | 'alike'

  /** @param ids `named`: by the order in which they were first seen, so that the same id is seen to be the same */
  constructor(ids: 'named' | 'alike' = 'named') {
    this.#ids = ids
  }

  of(value: unknown): string {
    return JSON.stringify(this.#plain(value))
  }

  #plain(value: unknown): unknown {
    if (typeof value === 'number') return isTime(value) ? '<time>' : value
    if (typeof value === 'string') return this.#text(value)
    if (Array.isArray(value)) return value.map((inner) => this.#plain(inner))
    if (typeof value !== 'object' || value === null) return value
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
    return Object.fromEntries(members.map(([name, inner]) => [name, this.#member(name, inner)]))
  }

  #member(name: string, value: unknown): unknown {
    if (name === 'epoch' || name === 'publicKey') return `<${name}>`
    const plain = this.#plain(value)
    // What came within one ms comes in another order the next time.
    const isUnordered = Array.isArray(plain) && (name === 'users' || name === 'rooms')
    return isUnordered ? plain.map((inner) => JSON.stringify(inner)).sort() : plain
  }

  #text(text: string): unknown {
    if (text.startsWith('{')) return this.#plain(JSON.parse(text))
    return text
      .replaceAll(time, '<time>')
      .replaceAll(/\b1\d{12}\b/g, '<time>')
      .replaceAll(uuid, (id) => this.#label(id))
      .replaceAll(secret, '<secret>')
  }

  #label(id: string): string {
    if (this.#ids === 'alike') return '<id>'
    const known = this.#labels.get(id) ?? `<${this.#labels.size}>`
    this.#labels.set(id, known)
    return known
  }
}

/** Each object within the value, itself too. */
export const visit = (value: unknown, see: (value: { readonly [name: string]: unknown }) => void): void => {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) see(value as { readonly [name: string]: unknown })
  for (const inner of Object.values(value)) visit(inner, see)
}
