/** The file outside of the database to which signed statements are appended, a line each. Reads and writes lines; verifies nothing. */
import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { formatStatement, parseStatement, type SignedStatement } from './signing.ts'

/** Resolves when they are on the disk. Several nodes may append to one file. @throws Error of the file system */
export const appendStatements = async (path: string, statements: readonly SignedStatement[]): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'a', 0o600)
  try {
    await file.writeFile(statements.map((statement) => `${formatStatement(statement)}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
}

export type FileStatements = {
  readonly statements: readonly SignedStatement[]
  /** Numbers of lines that are no statement; a torn last line is one. */
  readonly unreadable: readonly number[]
}

/** Of one tenant, or all. @throws Error of the file system */
export const readStatements = async (path: string, tenantId?: string): Promise<FileStatements> => {
  const statements: SignedStatement[] = []
  const unreadable: number[] = []
  let line = 0
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    if (text.trim() === '') continue
    const statement = parseStatement(text)
    if (!statement) unreadable.push(line)
    else if (tenantId === undefined || statement.tenantId === tenantId) statements.push(statement)
  }
  return { statements, unreadable }
}
