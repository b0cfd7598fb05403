/** Which modules a source file names, read from its text. Owns no opinion on whether it may. */

const fromClause = /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm
const sideEffect = /^[ \t]*import\s*['"]([^'"]+)['"]/gm
const atRunTime = /\bimport\(\s*['"]([^'"]+)['"]/g

/** Code with comments blanked out, lines kept. A `//` inside a text stays, for it does not begin its line. */
export const withoutComments = (source: string): string =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;,{}()])\/\/.*$/gm, (_, before: string) => before)

/** The specifiers that a file imports, statically or at run time, as values or as types; each once. */
export const importsOf = (source: string): readonly string[] => {
  const code = withoutComments(source)
  const found = [fromClause, sideEffect, atRunTime].flatMap((form) =>
    [...code.matchAll(form)].map((match) => match[1] ?? ''),
  )
  return [...new Set(found)]
}
