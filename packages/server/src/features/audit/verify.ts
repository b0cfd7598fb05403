/**
 * Goes over a tenant's chain from its first row to its last, with what was signed about it, and says what is wrong where.
 * Keeps no more of a chain than the row before; pure, so that rows may come from anywhere.
 */
import { type ChainEnd, type ChainRow, chainStart, hashOf } from './chain.ts'
import { misplacedAmong, type Suspect } from './misplaced.ts'
import { isSigned, type SignedStatement } from './signing.ts'

export type ProblemKind =
  /** A row is not what was written there. */
  | 'changed'
  /** Rows stand in each other's places. */
  | 'moved'
  /** Rows are missing between others, or before them. */
  | 'deleted'
  /** The chain ends before the end that was signed, or that its head tells. */
  | 'truncated'
  /** The rows are in order with each other, but are not those that were signed. */
  | 'rewritten'
  /** A checkpoint is not by a key that is known. */
  | 'unsigned'

export type Problem = { readonly kind: ProblemKind; readonly number: number; readonly text: string }

export type Verdict = {
  readonly tenantId: string
  /** How many rows there are, and the number of the last. */
  readonly rows: number
  readonly last: number
  /** Up to here a checkpoint holds the chain; 0 when none does. What comes after could be cut off without a trace. */
  readonly signed: number
  /** In the order of the chain; at most {@link mostProblems} of them. */
  readonly problems: readonly Problem[]
  /** How many more there were. */
  readonly more: number
}

export const mostProblems = 100
const mostSuspects = 24

export type WalkOptions = {
  readonly tenantId: string
  /** All that was signed about the tenant, from wherever; in any order, and more than once. */
  readonly statements: readonly SignedStatement[]
  /** Public keys that are trusted. */
  readonly keys: ReadonlySet<string>
}

const timeOf = (at: number): string => new Date(at).toISOString()

export class Walk {
  readonly #tenantId: string
  readonly #signed = new Map<number, SignedStatement[]>()
  readonly #problems: Problem[] = []
  readonly #suspects: Suspect[] = []
  #more = 0
  #end: ChainEnd = chainStart
  #rows = 0
  #held = 0
  #furthest: SignedStatement | undefined

  constructor({ tenantId, statements, keys }: WalkOptions) {
    this.#tenantId = tenantId
    for (const statement of statements) {
      if (isSigned(statement, keys)) this.#trust(statement)
      else
        this.#say(
          'unsigned',
          statement.number,
          `the ${statement.kind} of ${timeOf(statement.at)} is not signed by a key that is known`,
        )
    }
  }

  #trust(statement: SignedStatement): void {
    const others = this.#signed.get(statement.number) ?? []
    const known = others.some(({ kind, hash }) => kind === statement.kind && hash === statement.hash)
    if (known) return
    this.#signed.set(statement.number, [...others, statement])
    if (!this.#furthest || statement.number > this.#furthest.number) this.#furthest = statement
  }

  /** In the order of their numbers. */
  take(row: ChainRow): void {
    this.#rows++
    const { number } = row
    if (number <= this.#end.number) {
      this.#say('moved', number, `it comes after entry ${this.#end.number}`)
      return
    }
    if (number > this.#end.number + 1) this.#bridge(row)
    else this.#follow(row)
    this.#end = { number, hash: row.hash }
    this.#compare(row)
  }

  /** Rows before this one are not there: they were erased and that was signed, or somebody took them. */
  #bridge(row: ChainRow): void {
    const before = row.number - 1
    const tombstone = this.#signed.get(before)?.find(({ kind }) => kind === 'tombstone')
    if (tombstone) {
      this.#end = { number: before, hash: tombstone.hash }
      this.#follow(row)
      return
    }
    const from = this.#end.number + 1
    const which = from === before ? `entry ${before} is` : `entries ${from} to ${before} are`
    this.#say('deleted', from, `${which} missing`)
  }

  #follow(row: ChainRow): void {
    const { hash: before } = this.#end
    if (hashOf(this.#tenantId, before, row) === row.hash) return
    this.#say(
      'changed',
      row.number,
      `entry ${row.number} is not what was written, or does not follow from the one before it`,
    )
    if (this.#suspects.length < mostSuspects) this.#suspects.push({ row, before })
  }

  #compare({ number, hash }: ChainRow): void {
    const statements = this.#signed.get(number)
    if (!statements) return
    const other = statements.find((statement) => statement.hash !== hash)
    if (!other) {
      this.#held = number
      return
    }
    const from = this.#held + 1
    const what = `is not the one that was signed at ${timeOf(other.at)}: the chain was written anew somewhere from entry ${from} on`
    this.#say('rewritten', number, `entry ${number} ${what}`)
  }

  #say(kind: ProblemKind, number: number, text: string): void {
    if (this.#problems.length < mostProblems) this.#problems.push({ kind, number, text })
    else this.#more++
  }

  /** @param head what the database says of the end; undefined when it says nothing */
  finish(head: ChainEnd | undefined): Verdict {
    const { number: last, hash } = this.#end
    const end = this.#furthest
    if (end && end.number > last && !(end.kind === 'tombstone' && this.#rows === 0)) {
      const signed = `though entry ${end.number} was signed at ${timeOf(end.at)}`
      this.#say(
        'truncated',
        last + 1,
        `${last === 0 ? 'there is no entry' : `the chain ends with entry ${last}`}, ${signed}`,
      )
    }
    this.#finishHead(head, { number: last, hash })
    const problems = this.#recogniseMoved().sort((one, other) => one.number - other.number)
    return { tenantId: this.#tenantId, rows: this.#rows, last, signed: this.#held, problems, more: this.#more }
  }

  #finishHead(head: ChainEnd | undefined, { number: last, hash }: ChainEnd): void {
    if (!head) {
      if (this.#rows > 0) this.#say('truncated', last, 'the head of the chain is missing')
    } else if (head.number > last) {
      this.#say('truncated', last + 1, `the chain ends with entry ${last}, though its head tells of ${head.number}`)
    } else if (head.number < last) {
      this.#say(
        'changed',
        head.number + 1,
        `the head of the chain tells of ${head.number} entries, though there are ${last}`,
      )
    } else if (head.hash !== hash) {
      this.#say('changed', last, `entry ${last} is not the one that the head of the chain tells of`)
    }
  }

  /** Of rows that are not what was written there: those that were written in the place of another of them. */
  #recogniseMoved(): Problem[] {
    const moved = misplacedAmong(this.#tenantId, this.#suspects)
    return this.#problems.map((problem) => {
      const from = problem.kind === 'changed' ? moved.get(problem.number) : undefined
      if (from === undefined) return problem
      return { ...problem, kind: 'moved', text: `what was written as entry ${from} stands as entry ${problem.number}` }
    })
  }
}
