/** Where PostgreSQL is, as it may be shown to people: never with a user's password. Pure. */

const shape = 'postgres://user:password@host:5432/database'

/** @throws Error whose message completes “FANFARE_DATABASE_URL …” and repeats neither user nor password */
export const checkDatabaseUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new Error(`is not an address of PostgreSQL; it is written as ${shape} (write % in a password as %25).`)
  }
  if (url.pathname.length < 2) throw new Error(`names no database; it is written as ${shape}.`)
  return text
}

/** @example 'db.example.org:5432/fanfare' */
export const describeDatabase = (text: string): string => {
  const { host, port, pathname, searchParams } = new URL(text)
  const where = host === '' ? (searchParams.get('host') ?? 'localhost') : host
  return `${where}${host !== '' && port === '' ? ':5432' : ''}${pathname}`
}
