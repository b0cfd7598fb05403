/** Types of tools.mjs for the tests in TypeScript. */
export function chromiumPath(): string | undefined
export function pythonPath(): string | undefined
