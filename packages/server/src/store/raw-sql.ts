/**
 * What raw SQL inside a query may say: an expression over the columns of the query's own tables, and nothing that could read
 * a table, leave its place in the query or change who is asking. Decides by the text alone; runs nothing.
 */
import { FanfareError } from '@fanfare/protocol'

/** Each reads or writes a table, or opens a part of a query that the narrowing does not see. */
const statements =
  /\b(select|table|values|with|insert|replace\s+into|update|delete|merge|truncate|join|union|intersect|except|returning|into|pragma|attach|copy|execute|call|do)\b/i

/** Each reads what it is told by a text, or changes for whom row-level security decides. */
const functions =
  /\b(set_config|current_setting|\w+_to_xml\w*|dblink\w*|lo_\w+|pg_\w+|sqlite_\w+|load_extension|readfile|writefile|fts\w*|json_each|json_tree|generate_series|unnest)\b/i

const refuse = (why: string): never => {
  throw new FanfareError('internal', `The store takes no such raw SQL: ${why}.`)
}

/** @throws FanfareError `internal` */
export const checkFunction = (name: string): void => {
  if (functions.test(name)) refuse(`the function ${name} may reach beyond the tenant`)
}

/**
 * @param text the fragments, with `?` in place of each parameter
 * @throws FanfareError `internal`
 */
export const checkRawSql = (text: string, tables: ReadonlySet<string>): void => {
  const bare = text.replaceAll(/'(?:[^']|'')*'/g, "''")
  if (/;|--|\/\*|\\|\$\w*\$|(?<!')'(?!')/.test(bare))
    refuse('it has a comment, an open text or more than one statement')
  const statement = statements.exec(bare)
  if (statement) refuse(`it says ${statement[0]}; write that part with the query builder`)
  const called = functions.exec(bare)
  if (called) refuse(`the function ${called[0]} may reach beyond the tenant`)
  for (const word of bare.match(/[A-Za-z_]\w*/g) ?? []) {
    if (tables.has(word.toLowerCase())) refuse(`it names the table ${word}; use sql.ref for its columns`)
  }
  checkParentheses(bare)
}

/** A parenthesis that closes what the text did not open would end the condition that narrows the query. */
const checkParentheses = (bare: string): void => {
  let open = 0
  for (const character of bare) {
    if (character === '(') open++
    else if (character === ')' && --open < 0) break
  }
  if (open !== 0) refuse('its parentheses do not match')
}
