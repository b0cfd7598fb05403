/** What the rest of the server knows of logging. The real one is pino, made in the composition root; payloads, tokens and tickets never go in. */

export type LogFields = { readonly [name: string]: unknown }

export type Log = {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

const nothing = () => {}

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
