/** What of a tenant is kept somewhere, as whoever exports or erases it needs it: in parts, each of which is one table or one kind of key. */

/** As it is written into a line of an export. */
export type TenantRow = { readonly [column: string]: unknown }

export type TenantPart = {
  /** Where it is and what: `store/chat_message`; unique, and a file's name when `/` is put into `.`. */
  readonly name: string
  /** A page at a time, in an order that does not change. Keys and secrets are left out. */
  rows(): AsyncIterable<TenantRow>
  /** Resolves to how many rows went; again, when something came meanwhile. */
  erase(): Promise<number>
}

export const countOf = async (part: TenantPart): Promise<number> => {
  let count = 0
  for await (const _ of part.rows()) count++
  return count
}
