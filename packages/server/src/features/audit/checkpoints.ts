/**
 * Signs the ends of chains, every so many entries and every so often, and puts what it signed where it outlives the database:
 * into a file, best on another machine, and into the log; then beside the chain. Nodes may sign at once: what they sign is true.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Rows, Store } from '../../store/store.ts'
import { appendStatements } from './checkpoint-file.ts'
import type { SignedStatement, Signer } from './signing.ts'

export type CheckpointOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly signer: Signer
  /** Where they are appended; undefined: only to the log. */
  readonly file: string | undefined
  /** How long an entry may stay unsigned, in ms. */
  readonly everyMs: number
}

/** Of one round: a file is synced once for all of them. */
const tenantsAtOnce = 200
const longestRestMs = 60_000

type Due = { readonly tenantId: string; readonly number: number; readonly hash: string }

export class Checkpoints {
  readonly #options: CheckpointOptions
  #timer: Timer | undefined
  #work: Promise<void> | undefined
  #again = false

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, everyMs } = this.#options
    this.#timer = clock.every(Math.min(everyMs, longestRestMs), () => void this.sign())
  }

  /** All that is due. Never throws: what cannot be signed now stays due. */
  sign(): Promise<void> {
    // Whoever asks while it is under way may ask about what came since.
    this.#again = true
    this.#work ??= this.#sign().finally(() => {
      this.#work = undefined
    })
    return this.#work
  }

  async #sign(): Promise<void> {
    while (this.#again) {
      this.#again = false
      try {
        while ((await this.#round(this.#options.clock.now())) === tenantsAtOnce);
      } catch (error) {
        this.#options.log.error({ error }, 'the audit could not be signed; it is tried again')
      }
    }
  }

  /** @returns how many were due */
  async #round(atMost: number): Promise<number> {
    const { store } = this.#options
    const due = { table: 'audit_head', column: 'due_at', atMost, limit: tenantsAtOnce } as const
    const tenants = await store.tenantsDue(due)
    const signed: SignedStatement[] = []
    for (const tenantId of tenants) signed.push(this.#signed(await this.#endOf(tenantId)))
    if (signed.length > 0) await this.#publish(signed)
    return tenants.length
  }

  async #endOf(tenantId: string): Promise<Due> {
    const read = this.#options.store
      .of(tenantId)
      .read((rows) => rows.selectFrom('audit_head').select(['number', 'hash']).executeTakeFirstOrThrow())
    const { number, hash } = await read
    return { tenantId, number: Number(number), hash }
  }

  #signed(due: Due): SignedStatement {
    return this.#options.signer.sign({ ...due, kind: 'checkpoint', at: this.#options.clock.now() })
  }

  /**
   * Outside first: what was read is committed and never changes, so that what stands there is true whatever comes next. What
   * the file did not take is not signed.
   *
   * @throws Error of the file system, FanfareError `unavailable`
   */
  async #publish(statements: readonly SignedStatement[]): Promise<void> {
    const { file, log } = this.#options
    if (file !== undefined) await appendStatements(file, statements)
    for (const { tenantId, number, hash, key, signature, kind } of statements) {
      log.info({ tenant: tenantId, kind, number, hash, key, signature }, 'the audit is signed')
    }
    for (const statement of statements) await this.#note(statement)
  }

  async #note(statement: SignedStatement): Promise<void> {
    const { clock, everyMs, store } = this.#options
    const { tenantId, number } = statement
    await store.of(tenantId).change(async ({ rows }) => {
      await keepStatement(rows, statement)
      const rest = rows.updateTable('audit_head').where('signed', '<', number)
      await rest.where('number', '=', number).set({ signed: number, due_at: null }).execute()
      await rest
        .where('number', '>', number)
        .set({ signed: number, due_at: clock.now() + everyMs })
        .execute()
    })
  }

  /** Signs what would be due later too, of so many tenants as are signed at once: a node that is stopped may not come back. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#work
    const { log } = this.#options
    try {
      await this.#round(Number.MAX_SAFE_INTEGER)
    } catch (error) {
      log.error({ error }, 'the audit could not be signed at the end')
    }
  }
}

/** Beside the chain; the same again changes nothing. */
export const keepStatement = async (
  rows: Rows,
  { number, kind, hash, at, key, signature }: SignedStatement,
): Promise<void> => {
  await rows
    .insertInto('audit_statement')
    .values({ number, kind, hash, at, public_key: key, signature })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'number', 'kind']).doNothing())
    .execute()
}
