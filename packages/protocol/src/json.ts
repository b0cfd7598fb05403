/** JSON as values. Owns the type only; checking untrusted text is `scan.ts`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }
